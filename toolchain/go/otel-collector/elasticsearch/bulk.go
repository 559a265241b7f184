package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
)

// The part of the answer that is read. Reasons are left out, because they quote documents.
const bulkQuery = "filter_path=items.*.status,items.*.error.type"

const maxAnswerBytes = 64 << 20

// result is what became of one document.
type result struct {
	status    int
	errorType string
}

// answerError is an answer that refuses a whole request.
type answerError struct {
	endpoint string
	status   int
	body     string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("%s answered %d to a bulk request: %s", e.endpoint, e.status, e.body)
}

// bulkClient speaks Elasticsearch's bulk API.
type bulkClient struct {
	http      *http.Client
	endpoints []string
	user      string
	password  string
	requests  atomic.Uint64
}

// send does one request with the same action for every document, and gives their results in their order.
func (c *bulkClient) send(ctx context.Context, action []byte, documents [][]byte) ([]result, error) {
	endpoint := c.endpoints[(c.requests.Add(1)-1)%uint64(len(c.endpoints))]
	address, err := url.JoinPath(endpoint, "_bulk")
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"?"+bulkQuery, bulkBody(action, documents))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, &answerError{endpoint, response.StatusCode, string(body[:min(len(body), 500)])}
	}
	return results(body, len(documents))
}

func bulkBody(action []byte, documents [][]byte) *bytes.Reader {
	size := 0
	for _, document := range documents {
		size += len(action) + len(document) + 2
	}
	body := bytes.NewBuffer(make([]byte, 0, size))
	for _, document := range documents {
		body.Write(action)
		body.WriteByte('\n')
		body.Write(document)
		body.WriteByte('\n')
	}
	return bytes.NewReader(body.Bytes())
}

func results(body []byte, expected int) ([]result, error) {
	var answer struct {
		Items []map[string]struct {
			Status int `json:"status"`
			Error  struct {
				Type string `json:"type"`
			} `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading the answer to a bulk request: %w", err)
	}
	if len(answer.Items) != expected {
		return nil, fmt.Errorf("the answer to a bulk request of %d documents tells of %d", expected, len(answer.Items))
	}
	all := make([]result, 0, expected)
	for _, item := range answer.Items {
		for _, outcome := range item {
			all = append(all, result{outcome.Status, outcome.Error.Type})
		}
	}
	return all, nil
}

// Command stand-in holds the place of a program whose image cannot be had on this machine.
//
// It listens on the program's port and says, wherever it is asked, that it is a stand-in. That is enough for the rest
// of the stack to be deployed, reached and watched; it does nothing that the program would do.
package main

import (
	"encoding/json"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

// settings come from the image's entrypoint, in front of whatever arguments the program itself would get.
type settings struct {
	name, version, port, health string
}

// parse reads `--stand-in.<key>=<value>` and ignores every other argument: those are meant for the real program.
func parse(arguments []string) settings {
	parsed := settings{name: "program", version: "unknown", port: "8080", health: "/healthz"}
	targets := map[string]*string{
		"name": &parsed.name, "version": &parsed.version, "port": &parsed.port, "health": &parsed.health,
	}
	for _, argument := range arguments {
		key, value, found := strings.Cut(strings.TrimPrefix(argument, "--stand-in."), "=")
		if target, known := targets[key]; found && known && strings.HasPrefix(argument, "--stand-in.") {
			*target = value
		}
	}
	return parsed
}

func main() {
	configured := parse(os.Args[1:])
	server := &http.Server{
		Addr:              ":" + configured.port,
		Handler:           handler(configured),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Printf("%s Listening on port %s.", configured.notice(), configured.port)
	log.Fatal(server.ListenAndServe())
}

// notice is the sentence that every answer carries.
func (configured settings) notice() string {
	return fmt.Sprintf(
		"This is a stand-in for %s %s, whose image cannot be had on this machine; it holds its place and does nothing else.",
		configured.name, configured.version,
	)
}

func handler(configured settings) http.Handler {
	mux := http.NewServeMux()
	answer := func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "application/json; charset=utf-8")
		// Fields of the programs' own answers, for readers that look for them: Grafana's `database`, Kibana's `status`
		// and `success`, Logstash's `pipelines`.
		_ = json.NewEncoder(response).Encode(map[string]any{
			"database": "ok", "version": configured.version, "commit": "stand-in",
			"status":    map[string]any{"overall": map[string]any{"level": "available"}},
			"pipelines": map[string]any{},
			"success":   true,
			"standIn":   true, "message": configured.notice(),
		})
	}
	mux.HandleFunc("GET "+configured.health, answer)
	// What Kibana is given to keep.
	mux.HandleFunc("POST /api/saved_objects/_import", answer)
	mux.HandleFunc("GET /metrics", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(response, "# HELP stand_in_info 1 where a stand-in holds the place of a program.\n"+
			"# TYPE stand_in_info gauge\nstand_in_info{program=%q,version=%q} 1\n", configured.name, configured.version)
	})
	mux.HandleFunc("GET /{$}", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(response, "<!doctype html><html lang=\"en\"><title>Stand-in for %[1]s</title><h1>%[1]s is not here</h1><p>%[2]s</p></html>\n",
			html.EscapeString(configured.name), html.EscapeString(configured.notice()))
	})
	return mux
}

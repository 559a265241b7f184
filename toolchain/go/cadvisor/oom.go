package main

import (
	"sync"

	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/model"
	"github.com/google/cadvisor/utils/oomparser"
	"k8s.io/klog/v2"
)

// oomCounter adds to a manager's samples how often the kernel killed in each container for want of memory. The
// library leaves that number at zero, and container_oom_events_total is made from it.
type oomCounter struct {
	manager.Manager
	mutex sync.Mutex
	kills map[string]uint64
}

// countOOMs reads the kernel log from now on. Without access to it (/dev/kmsg) the numbers stay zero.
func countOOMs(containers manager.Manager) *oomCounter {
	counter := &oomCounter{Manager: containers, kills: map[string]uint64{}}
	parser, err := oomparser.New()
	if err != nil {
		klog.Warningf("container_oom_events_total stays 0, because the kernel log cannot be read: %v", err)
		return counter
	}
	kills := make(chan *oomparser.OomInstance, 10)
	go parser.StreamOoms(kills)
	go func() {
		for kill := range kills {
			counter.mutex.Lock()
			counter.kills[kill.ContainerName]++
			counter.mutex.Unlock()
		}
	}()
	return counter
}

// GetRequestedContainersInfo is what the metrics collector asks for samples.
func (counter *oomCounter) GetRequestedContainersInfo(
	name string,
	options model.RequestOptions,
) (map[string]*model.ContainerInfo, error) {
	containers, err := counter.Manager.GetRequestedContainersInfo(name, options)
	counter.mutex.Lock()
	defer counter.mutex.Unlock()
	for _, container := range containers {
		for _, sample := range container.Stats {
			sample.OOMEvents = counter.kills[container.Name]
		}
	}
	return containers, err
}

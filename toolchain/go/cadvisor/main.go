// Command cadvisor serves container metrics from cAdvisor's own manager and metrics packages.
//
// The module that holds the vendor's command is not published, so this one stands on its libraries. It takes those
// of the vendor's flags that concern discovery and metrics; the web pages, the REST interface and the storage
// drivers are left out.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/cadvisor/lib/cache/memory"
	"github.com/google/cadvisor/lib/container"
	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/utils/sysfs"
	"k8s.io/klog/v2"

	_ "github.com/google/cadvisor/container/docker/install"
	_ "github.com/google/cadvisor/lib/container/systemd/install"
	_ "github.com/google/cadvisor/lib/fs/btrfs/install"
	_ "github.com/google/cadvisor/lib/fs/nfs/install"
	_ "github.com/google/cadvisor/lib/fs/overlay/install"
	_ "github.com/google/cadvisor/lib/fs/tmpfs/install"
	_ "github.com/google/cadvisor/lib/fs/vfs/install"
)

// version is set by the linker to the release of the libraries.
var version = "development"

var (
	listenIP        = flag.String("listen_ip", "", "IP to listen on; all when empty")
	port            = flag.Int("port", 8080, "port to listen on")
	endpoint        = flag.String("prometheus_endpoint", "/metrics", "path of the metrics")
	storageDuration = flag.Duration("storage_duration", 2*time.Minute, "how long samples are kept in memory")
	rawPrefixes     = flag.String("raw_cgroup_prefix_whitelist", "", "cgroup prefixes, comma-separated, reported even with --docker_only")
	envKeys         = flag.String("env_metadata_whitelist", "", "container environment variables, comma-separated, to read")
	storeLabels     = flag.Bool("store_container_labels", true, "turn every container label into a metric label")
	keptLabels      = flag.String("whitelisted_container_labels", "", "container labels, comma-separated, to turn into metric labels; needs --store_container_labels=false")
	showVersion     = flag.Bool("version", false, "print the version and exit")
)

// disabledMetrics starts from the vendor's own defaults, so that a deployment sees the same series from both.
var disabledMetrics = container.MetricSet{
	container.CPUSetMetrics:                  struct{}{},
	container.CPUTopologyMetrics:             struct{}{},
	container.HugetlbUsageMetrics:            struct{}{},
	container.MemoryNumaMetrics:              struct{}{},
	container.NetworkAdvancedTcpUsageMetrics: struct{}{},
	container.NetworkTcpUsageMetrics:         struct{}{},
	container.NetworkUdpUsageMetrics:         struct{}{},
	container.ProcessMetrics:                 struct{}{},
	container.ProcessSchedulerMetrics:        struct{}{},
	container.ReferencedMemoryMetrics:        struct{}{},
	container.ResctrlMetrics:                 struct{}{},
}

var enabledMetrics container.MetricSet

func main() {
	klog.InitFlags(nil)
	flag.Var(&disabledMetrics, "disable_metrics", "metrics, comma-separated, to leave out")
	flag.Var(&enabledMetrics, "enable_metrics", "metrics, comma-separated, to collect; overrides --disable_metrics")
	flag.Parse()
	defer klog.Flush()

	if *showVersion {
		fmt.Printf("cAdvisor version %s\n", version)
		return
	}
	if err := run(); err != nil {
		klog.Errorf("cAdvisor: %v", err)
		klog.Flush()
		os.Exit(1)
	}
}

// run collects and serves until the server fails or a signal asks the process to stop.
func run() error {
	included := includedMetrics()
	containers, err := manager.New(
		memory.New(*storageDuration, nil),
		sysfs.NewRealSysFs(),
		manager.HousekeepingConfigFlags,
		included,
		list(*rawPrefixes),
		list(*envKeys),
		"",
		0,
	)
	if err != nil {
		return fmt.Errorf("create the container manager: %w", err)
	}
	if err := containers.Start(); err != nil {
		return fmt.Errorf("start the container manager: %w", err)
	}

	address := net.JoinHostPort(*listenIP, strconv.Itoa(*port))
	failed := make(chan error, 1)
	go func() { failed <- http.ListenAndServe(address, handler(countOOMs(containers), included)) }()
	klog.Infof("cAdvisor %s listens on %s", version, address)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	select {
	case err := <-failed:
		return err
	case <-stop:
		return containers.Stop()
	}
}

// includedMetrics is what --enable_metrics names, else everything that --disable_metrics does not name.
func includedMetrics() container.MetricSet {
	if len(enabledMetrics) > 0 {
		return enabledMetrics
	}
	return container.AllMetrics.Difference(disabledMetrics)
}

// list splits a comma-separated flag. An empty flag gives one empty text, which the library expects to find.
func list(value string) []string {
	return strings.Split(value, ",")
}

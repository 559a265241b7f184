// Which pod a line is from, by the path of its file, and which service that is: the application's name, else its older label,
// else the container's name.
var PATH = /\/([^/_]+)_([^/_]+)_[^/]+\/([^/]+)\/[^/]+$/;

// eslint-disable-next-line @typescript-eslint/no-unused-vars -- Filebeat calls it
function process(event) {
  var labels = event.Get("kubernetes.labels") || {};
  var node = event.Get("kubernetes.node.name");
  var image = event.Get("container.image.name");
  event.Delete("kubernetes");
  var path = PATH.exec(event.Get("log.file.path") || "");
  if (!path) return;
  event.Put("kubernetes.namespace", path[1]);
  event.Put("kubernetes.pod.name", path[2]);
  event.Put("kubernetes.container.name", path[3]);
  if (node) event.Put("kubernetes.node.name", node);
  if (image) event.Put("container.image.name", image);
  event.Put("container.name", path[3]);
  event.Put("service.name", labels["app_kubernetes_io/name"] || labels.app || path[3]);
}

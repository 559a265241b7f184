// Which service a container is: the program's label, else the Compose service, else the container's name.
// eslint-disable-next-line @typescript-eslint/no-unused-vars -- Filebeat calls it
function process(event) {
  var labels = event.Get("container.labels") || {};
  var name = labels.com_pyairtable_service || labels.com_docker_compose_service || event.Get("container.name");
  if (name) event.Put("service.name", name);
  event.Delete("container.labels");
}

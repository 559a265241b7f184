package monitoring.toolchain;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.action.support.master.AcknowledgedTransportMasterNodeAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.ClusterStateUpdateTask;
import org.elasticsearch.cluster.block.ClusterBlockException;
import org.elasticsearch.cluster.block.ClusterBlockLevel;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.MetadataDataStreamsService;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestRequest.Method;
import org.elasticsearch.rest.RestUtils;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.TransportService;

/** Deletes data streams by name, without wildcards. The server itself does the work; what asks it to is not published. */
final class DataStreamRemoval {
    static final ActionType<AcknowledgedResponse> TYPE = DeleteDataStreamAction.INSTANCE;

    private DataStreamRemoval() {}

    public static final class Transport extends AcknowledgedTransportMasterNodeAction<DeleteDataStreamAction.Request> {
        @Inject
        public Transport(TransportService transport, ClusterService clusterService, ThreadPool threads, ActionFilters filters) {
            super(
                TYPE.name(), transport, clusterService, threads, filters, DeleteDataStreamAction.Request::new,
                EsExecutors.DIRECT_EXECUTOR_SERVICE
            );
        }

        @Override
        protected void masterOperation(
            Task task,
            DeleteDataStreamAction.Request request,
            ClusterState state,
            ActionListener<AcknowledgedResponse> listener
        ) {
            clusterService.submitUnbatchedStateUpdateTask("remove-data-stream", new ClusterStateUpdateTask() {
                @Override
                public ClusterState execute(ClusterState current) {
                    Set<DataStream> streams = new HashSet<>();
                    for (String name : request.getNames()) {
                        DataStream stream = current.metadata().dataStreams().get(name);
                        if (stream == null) throw new ResourceNotFoundException("data stream [{}] not found", name);
                        streams.add(stream);
                    }
                    return MetadataDataStreamsService.deleteDataStreams(current, streams, clusterService.getSettings());
                }

                @Override
                public void clusterStateProcessed(ClusterState before, ClusterState after) {
                    listener.onResponse(AcknowledgedResponse.TRUE);
                }

                @Override
                public void onFailure(Exception failure) {
                    listener.onFailure(failure);
                }
            });
        }

        @Override
        protected ClusterBlockException checkBlock(DeleteDataStreamAction.Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }
    }

    static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "delete_data_stream";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(Method.DELETE, "/_data_stream/{name}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            DeleteDataStreamAction.Request removal = new DeleteDataStreamAction.Request(
                RestUtils.getMasterNodeTimeout(request),
                Strings.splitStringByCommaToArray(request.param("name"))
            );
            return channel -> client.execute(TYPE, removal, new RestToXContentListener<>(channel));
        }
    }
}

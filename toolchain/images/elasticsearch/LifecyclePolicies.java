package monitoring.toolchain;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.action.support.master.AcknowledgedTransportMasterNodeAction;
import org.elasticsearch.action.support.master.TransportMasterNodeAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.AckedClusterStateUpdateTask;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.block.ClusterBlockException;
import org.elasticsearch.cluster.block.ClusterBlockLevel;
import org.elasticsearch.cluster.metadata.ItemUsage;
import org.elasticsearch.cluster.metadata.Metadata;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestRequest.Method;
import org.elasticsearch.rest.RestUtils;
import org.elasticsearch.rest.action.RestChunkedToXContentListener;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.NamedXContentRegistry;
import org.elasticsearch.xcontent.ParseField;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xpack.core.ilm.AllocateAction;
import org.elasticsearch.xpack.core.ilm.DeleteAction;
import org.elasticsearch.xpack.core.ilm.DownsampleAction;
import org.elasticsearch.xpack.core.ilm.ForceMergeAction;
import org.elasticsearch.xpack.core.ilm.IndexLifecycleMetadata;
import org.elasticsearch.xpack.core.ilm.LifecycleAction;
import org.elasticsearch.xpack.core.ilm.LifecyclePolicyMetadata;
import org.elasticsearch.xpack.core.ilm.LifecycleSettings;
import org.elasticsearch.xpack.core.ilm.LifecycleType;
import org.elasticsearch.xpack.core.ilm.MigrateAction;
import org.elasticsearch.xpack.core.ilm.OperationMode;
import org.elasticsearch.xpack.core.ilm.ReadOnlyAction;
import org.elasticsearch.xpack.core.ilm.RolloverAction;
import org.elasticsearch.xpack.core.ilm.SearchableSnapshotAction;
import org.elasticsearch.xpack.core.ilm.SetPriorityAction;
import org.elasticsearch.xpack.core.ilm.ShrinkAction;
import org.elasticsearch.xpack.core.ilm.TimeseriesLifecycleType;
import org.elasticsearch.xpack.core.ilm.UnfollowAction;
import org.elasticsearch.xpack.core.ilm.WaitForSnapshotAction;
import org.elasticsearch.xpack.core.ilm.action.GetLifecycleAction;
import org.elasticsearch.xpack.core.ilm.action.ILMActions;
import org.elasticsearch.xpack.core.ilm.action.PutLifecycleRequest;

/**
 * Lifecycle policies are taken, checked by the vendor's own parser, kept in the cluster state and given back. No phase
 * of them is ever carried out: that part is not published.
 */
final class LifecyclePolicies {
    static final ActionType<AcknowledgedResponse> PUT = ILMActions.PUT;
    static final ActionType<GetLifecycleAction.Response> GET = GetLifecycleAction.INSTANCE;

    /** What templates and indices may name. */
    static final List<Setting<?>> SETTINGS = List.of(
        LifecycleSettings.LIFECYCLE_NAME_SETTING,
        LifecycleSettings.LIFECYCLE_INDEXING_COMPLETE_SETTING,
        LifecycleSettings.LIFECYCLE_SKIP_SETTING,
        LifecycleSettings.LIFECYCLE_POLL_INTERVAL_SETTING,
        RolloverAction.LIFECYCLE_ROLLOVER_ALIAS_SETTING
    );

    static final List<NamedXContentRegistry.Entry> PARSERS = List.of(
        new NamedXContentRegistry.Entry(
            Metadata.Custom.class,
            new ParseField(IndexLifecycleMetadata.TYPE),
            parser -> IndexLifecycleMetadata.PARSER.parse(parser, null)
        ),
        new NamedXContentRegistry.Entry(
            LifecycleType.class,
            new ParseField(TimeseriesLifecycleType.TYPE),
            parser -> TimeseriesLifecycleType.INSTANCE
        ),
        action(AllocateAction.NAME, AllocateAction::parse),
        action(DeleteAction.NAME, DeleteAction::parse),
        action(DownsampleAction.NAME, DownsampleAction::parse),
        action(ForceMergeAction.NAME, ForceMergeAction::parse),
        action(MigrateAction.NAME, MigrateAction::parse),
        action(ReadOnlyAction.NAME, ReadOnlyAction::parse),
        action(RolloverAction.NAME, RolloverAction::parse),
        action(SearchableSnapshotAction.NAME, SearchableSnapshotAction::parse),
        action(SetPriorityAction.NAME, SetPriorityAction::parse),
        action(ShrinkAction.NAME, ShrinkAction::parse),
        action(UnfollowAction.NAME, UnfollowAction::parse),
        action(WaitForSnapshotAction.NAME, WaitForSnapshotAction::parse)
    );

    private LifecyclePolicies() {}

    private static NamedXContentRegistry.Entry action(
        String name,
        org.elasticsearch.core.CheckedFunction<XContentParser, LifecycleAction, IOException> parser
    ) {
        return new NamedXContentRegistry.Entry(LifecycleAction.class, new ParseField(name), parser);
    }

    private static IndexLifecycleMetadata stored(ClusterState state) {
        return state.metadata().custom(IndexLifecycleMetadata.TYPE, IndexLifecycleMetadata.EMPTY);
    }

    public static final class Put extends AcknowledgedTransportMasterNodeAction<PutLifecycleRequest> {
        @Inject
        public Put(TransportService transport, ClusterService clusterService, ThreadPool threads, ActionFilters filters) {
            super(
                PUT.name(), transport, clusterService, threads, filters, PutLifecycleRequest::new,
                EsExecutors.DIRECT_EXECUTOR_SERVICE
            );
        }

        @Override
        protected void masterOperation(
            Task task,
            PutLifecycleRequest request,
            ClusterState state,
            ActionListener<AcknowledgedResponse> listener
        ) {
            clusterService.submitUnbatchedStateUpdateTask("put-lifecycle", new AckedClusterStateUpdateTask(request, listener) {
                @Override
                public ClusterState execute(ClusterState current) {
                    SortedMap<String, LifecyclePolicyMetadata> policies = new TreeMap<>(stored(current).getPolicyMetadatas());
                    String name = request.getPolicy().getName();
                    LifecyclePolicyMetadata before = policies.get(name);
                    long version = before == null ? 1 : before.getVersion() + 1;
                    policies.put(
                        name,
                        new LifecyclePolicyMetadata(request.getPolicy(), Map.of(), version, System.currentTimeMillis())
                    );
                    Metadata metadata = Metadata.builder(current.metadata())
                        .putCustom(IndexLifecycleMetadata.TYPE, new IndexLifecycleMetadata(policies, OperationMode.STOPPED))
                        .build();
                    return ClusterState.builder(current).metadata(metadata).build();
                }
            });
        }

        @Override
        protected ClusterBlockException checkBlock(PutLifecycleRequest request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }
    }

    public static final class Get extends TransportMasterNodeAction<GetLifecycleAction.Request, GetLifecycleAction.Response> {
        @Inject
        public Get(TransportService transport, ClusterService clusterService, ThreadPool threads, ActionFilters filters) {
            super(
                GET.name(), transport, clusterService, threads, filters, GetLifecycleAction.Request::new,
                GetLifecycleAction.Response::new, EsExecutors.DIRECT_EXECUTOR_SERVICE
            );
        }

        @Override
        protected void masterOperation(
            Task task,
            GetLifecycleAction.Request request,
            ClusterState state,
            ActionListener<GetLifecycleAction.Response> listener
        ) {
            Map<String, LifecyclePolicyMetadata> policies = stored(state).getPolicyMetadatas();
            List<String> wanted = Arrays.asList(request.getPolicyNames());
            if (policies.keySet().containsAll(wanted) == false) {
                listener.onFailure(new ResourceNotFoundException("Lifecycle policy not found: {}", wanted));
                return;
            }
            ItemUsage unknown = new ItemUsage(List.of(), List.of(), List.of());
            listener.onResponse(new GetLifecycleAction.Response(policies.values().stream()
                .filter(policy -> wanted.isEmpty() || wanted.contains(policy.getName()))
                .map(policy -> new GetLifecycleAction.LifecyclePolicyResponseItem(
                    policy.getPolicy(), policy.getVersion(), policy.getModifiedDateString(), unknown
                ))
                .toList()));
        }

        @Override
        protected ClusterBlockException checkBlock(GetLifecycleAction.Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_READ);
        }
    }

    static final class RestPut extends BaseRestHandler {
        @Override
        public String getName() {
            return "put_lifecycle";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(Method.PUT, "/_ilm/policy/{name}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
            String name = request.param("name");
            PutLifecycleRequest put;
            try (XContentParser parser = request.contentParser()) {
                put = PutLifecycleRequest.parseRequest(new PutLifecycleRequest.Factory() {
                    @Override
                    public PutLifecycleRequest create(org.elasticsearch.xpack.core.ilm.LifecyclePolicy policy) {
                        return new PutLifecycleRequest(
                            RestUtils.getMasterNodeTimeout(request), RestUtils.getAckTimeout(request), policy
                        );
                    }

                    @Override
                    public String getPolicyName() {
                        return name;
                    }
                }, parser);
            }
            return channel -> client.execute(PUT, put, new RestToXContentListener<>(channel));
        }
    }

    static final class RestGet extends BaseRestHandler {
        @Override
        public String getName() {
            return "get_lifecycle";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(Method.GET, "/_ilm/policy"), new Route(Method.GET, "/_ilm/policy/{name}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            GetLifecycleAction.Request get = new GetLifecycleAction.Request(
                RestUtils.getMasterNodeTimeout(request),
                RestUtils.getAckTimeout(request),
                Strings.splitStringByCommaToArray(request.param("name"))
            );
            return channel -> client.execute(GET, get, new RestChunkedToXContentListener<>(channel));
        }
    }
}

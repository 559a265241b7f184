package monitoring.toolchain;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.xcontent.NamedXContentRegistry;

/**
 * A module with what the published distribution lacks and the stack cannot do without: the analysis that the index of
 * users and roles names, the answer at `/` that clients read the version from, lifecycle policies, the removal of
 * data streams, and a setting that the stack gives. The vendor has them in modules that are not published.
 */
public class MissingParts extends Plugin implements ActionPlugin, AnalysisPlugin {
    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of("pattern_capture", (index, environment, name, settings) -> new EmailAnalysis.PatternCapture(name, settings));
    }

    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return List.of(PreConfiguredTokenFilter.singleton("unique", false, EmailAnalysis.Unique::new));
    }

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new));
    }

    /** Of the module that looks up places. A server refuses settings that it does not know. */
    private static final Setting<Boolean> FETCHES_PLACES = Setting.boolSetting(
        "ingest.geoip.downloader.enabled",
        true,
        Setting.Property.Dynamic,
        Setting.Property.NodeScope
    );

    @Override
    public List<Setting<?>> getSettings() {
        return Stream.<Setting<?>>concat(LifecyclePolicies.SETTINGS.stream(), Stream.of(FETCHES_PLACES)).toList();
    }

    @Override
    public List<NamedXContentRegistry.Entry> getNamedXContent() {
        return LifecyclePolicies.PARSERS;
    }

    @Override
    public Collection<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> getActions() {
        return List.of(
            new ActionHandler<>(RootAnswer.TYPE, RootAnswer.Transport.class),
            new ActionHandler<>(DataStreamRemoval.TYPE, DataStreamRemoval.Transport.class),
            new ActionHandler<>(LifecyclePolicies.PUT, LifecyclePolicies.Put.class),
            new ActionHandler<>(LifecyclePolicies.GET, LifecyclePolicies.Get.class)
        );
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
        Settings settings,
        NamedWriteableRegistry namedWriteables,
        RestController controller,
        ClusterSettings clusterSettings,
        IndexScopedSettings indexSettings,
        SettingsFilter settingsFilter,
        IndexNameExpressionResolver resolver,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> features
    ) {
        return List.of(
            new RootAnswer.Rest(),
            new DataStreamRemoval.Rest(),
            new LifecyclePolicies.RestPut(),
            new LifecyclePolicies.RestGet()
        );
    }
}

using System.Text.Json;
using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Reads the section <c>runners</c> of the file: attached servers.</summary>
internal static class RunnersSection
{
    public static IReadOnlyList<AttachedRunnerSettings> Resolve(
        ConfigurationFile file, DaemonOptions options, List<ConfigurationProblem> problems)
    {
        var runners = new List<(FileNode Node, AttachedRunnerSettings Settings)>();
        foreach (FileNode node in file.Runners?.Items ?? [])
        {
            if (node.Kind != JsonValueKind.Object)
                problems.Add(new ConfigurationProblem(file.LocationOf(node), null, $"is {node.KindName}", "write an object"));
            else if (ResolveRunner(file, node, options, problems) is { } settings)
                runners.Add((node, settings));
        }

        CheckCollisions(file, runners, problems);
        return [.. runners.Select(static runner => runner.Settings).Select(settings => WithoutNeedlessReplica(settings, runners))];
    }

    private static AttachedRunnerSettings? ResolveRunner(
        ConfigurationFile file, FileNode node, DaemonOptions options, List<ConfigurationProblem> problems)
    {
        var members = new FileObjectReader(file, node, problems);
        WrittenValue? backend = members.RequiredText("backend", "for instance llama.cpp or vllm");
        WrittenValue? model = members.RequiredText("model", "the name that clients use");
        WrittenValue? mode = members.RequiredText("mode", "completion, embedding or reranking");
        WrittenValue? endpoint = members.RequiredText("endpoint", EndpointText.ExpectedWithTls);
        WrittenValue? replica = members.Text("replica");
        WrittenValue? modelName = members.Text("modelName");
        var access = new AttachedAccessReader(file, options, problems);
        IReadOnlyList<KeyValuePair<string, string>> headers = access.Headers(members);
        string metricsPath = access.MetricsPath(members);
        bool requestsUsage = UsageText.IsRequested(members.Text("usage"), isDefault: backend?.Text != ModelSettings.LlamaBackend, problems);

        bool isGood = LabelText.Check(backend, problems) & LabelText.Check(replica, problems) & ServerModelName.Check(modelName, problems);
        string? reference = model is null ? null : ParseModel(model, problems);
        RunnerMode? parsedMode = mode is null ? null : ParseMode(mode, problems);
        string? socketPath = null;
        Uri? address = null;
        if (endpoint is not null && !EndpointText.TryParseWithTls(endpoint.Text, out socketPath, out address))
        {
            problems.Add(new ConfigurationProblem(endpoint.Key, endpoint.Text, "is not an endpoint", $"write {EndpointText.ExpectedWithTls}"));
            endpoint = null;
        }

        if (endpoint is not null && address?.Scheme == Uri.UriSchemeHttps && !options.HasOpenSsl())
        {
            problems.Add(new ConfigurationProblem(
                endpoint.Key, endpoint.Text, "needs TLS, and this system has no OpenSSL", OpenSslLibrary.Remedy));
            endpoint = null;
        }

        AttachedTlsSettings? tls = access.Tls(members, hasTls: endpoint is null || address?.Scheme == Uri.UriSchemeHttps);
        members.ReportUnknown();

        if (!isGood || backend is null || reference is null || parsedMode is null || endpoint is null)
            return null;

        return new AttachedRunnerSettings(backend.Text, reference, parsedMode.Value, socketPath, address, replica?.Text)
        {
            ModelName = (modelName ?? model!).Text.Trim(), Headers = headers, MetricsPath = metricsPath, RequestsUsage = requestsUsage, Tls = tls,
        };
    }

    private static string? ParseModel(WrittenValue written, List<ConfigurationProblem> problems)
    {
        if (ModelReference.TryParseWritten(written.Text, out ModelReference reference, out string? problem))
            return reference.ToString();

        problems.Add(new ConfigurationProblem(written.Key, written.Text, problem!, "write a name such as qwen3:8b"));
        return null;
    }

    private static RunnerMode? ParseMode(WrittenValue written, List<ConfigurationProblem> problems)
    {
        if (ModeText.TryParse(written.Text, out RunnerMode mode))
            return mode;

        problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not a mode", "write completion, embedding or reranking"));
        return null;
    }

    // Series get the replica label only if the other three labels do not distinguish the runners.
    private static AttachedRunnerSettings WithoutNeedlessReplica(
        AttachedRunnerSettings settings, List<(FileNode Node, AttachedRunnerSettings Settings)> all) =>
        all.Count(other => HaveSameKey(other.Settings, settings)) > 1 ? settings : settings with { Replica = null };

    private static bool HaveSameKey(AttachedRunnerSettings left, AttachedRunnerSettings right) =>
        left.Backend == right.Backend && left.Model == right.Model && left.Mode == right.Mode;

    // Labels distinguish series. Two runners with the same labels would give duplicate series, whose samples Prometheus drops.
    private static void CheckCollisions(
        ConfigurationFile file, List<(FileNode Node, AttachedRunnerSettings Settings)> runners, List<ConfigurationProblem> problems)
    {
        foreach (var group in runners.GroupBy(static runner => (runner.Settings.Backend, runner.Settings.Model, runner.Settings.Mode)))
        {
            var replicas = new HashSet<string>(StringComparer.Ordinal);
            bool isShared = group.Count() > 1;
            foreach ((FileNode node, AttachedRunnerSettings settings) in group)
            {
                string labels = $"{settings.Backend}, {settings.Model}, {ModeText.Format(settings.Mode)}";
                if (isShared && settings.Replica is null)
                {
                    problems.Add(new ConfigurationProblem(file.LocationOf(node), null,
                        $"has the same backend, model and mode as another runner ({labels})", "give each of them a replica of its own"));
                }
                else if (settings.Replica is { } replica && !replicas.Add(replica))
                {
                    problems.Add(new ConfigurationProblem(file.LocationOf(node), replica,
                        $"is also the replica of another runner of {labels}", "give each of them a replica of its own"));
                }
            }
        }
    }
}

using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Hosting.Tls;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Checks of the configuration that need the machine: the engine's help, the model store and the log folder.</summary>
internal static class StartCheck
{
    /// <summary>
    /// Completes the settings with the arguments that the engine knows, or reports problems. Also runs if there are problems already, so that the
    /// user sees all of them at once.
    /// </summary>
    public static async Task<(DaemonSettings Settings, IReadOnlyList<ConfigurationProblem> Problems)> RunAsync(
        SettingsOutcome outcome, CancellationToken cancellationToken)
    {
        (DaemonSettings settings, List<ConfigurationProblem> problems) = await CheckAsync(
            outcome, new Dictionary<string, ModelOverride>(StringComparer.Ordinal), EngineHelp.StartPatience, cancellationToken);
        if (settings.LogDirectory is { } folder && FindLogProblem(folder) is { } reason)
        {
            WrittenValue written = outcome.Written.Find(ConfigurationCatalog.LogDirectory)!;
            problems.Add(new ConfigurationProblem(written.Key, written.Text, reason, "name a folder that this user can write to, or leave it out"));
        }

        if (settings.Listen.Tls is { } tls && OpenSslLibrary.IsPresent())
            problems.AddRange(FindTlsProblems(tls, outcome.Written));

        return (settings, problems);
    }

    /// <summary>The same without the log folder, for a reload: a running daemon keeps its log, and what clients have changed.</summary>
    public static async Task<(DaemonSettings Settings, IReadOnlyList<ConfigurationProblem> Problems)> RunWithoutLogAsync(
        SettingsOutcome outcome, IReadOnlyDictionary<string, ModelOverride> overrides, CancellationToken cancellationToken) =>
        await CheckAsync(outcome, overrides, EngineHelp.DefaultPatience, cancellationToken);

    private static async Task<(DaemonSettings Settings, List<ConfigurationProblem> Problems)> CheckAsync(
        SettingsOutcome outcome, IReadOnlyDictionary<string, ModelOverride> overrides, TimeSpan patience, CancellationToken cancellationToken)
    {
        var problems = new List<ConfigurationProblem>();
        DaemonSettings settings = await LlamaStartCheck.RunAsync(outcome, overrides, problems, patience, cancellationToken);

        problems.AddRange(RunnerLimitCheck.Find(settings, outcome.Written));

        // The store is read only if an alias could clash with one of its models.
        if (settings.Models.Values.Any(static model => model.Aliases.Count > 0))
        {
            using var catalog = new ModelCatalog(settings, TimeProvider.System);
            problems.AddRange((await catalog.FindAliasClashesAsync(cancellationToken)).Select(clash => Describe(clash, outcome.Written)));
        }

        return (settings, problems);
    }

    private static IEnumerable<ConfigurationProblem> FindTlsProblems(TlsSettings tls, WrittenOptions options)
    {
        Action[] checks =
        [
            () => _ = tls.CertificatePath is { } path ? ServerCertificate.Read(path, tls.KeyPath ?? path) : null,
            () => _ = tls.MetricsClientsPath is { } path ? new MetricsClients(path) : null,
        ];
        foreach (Action check in checks)
        {
            CertificateException? found = null;
            try
            {
                check();
            }
            catch (CertificateException failure)
            {
                found = failure;
            }

            if (found is not null && options.Find(found.Option) is { } written)
                yield return new ConfigurationProblem(written.Key, written.Text, found.Reason, found.Remedy);
        }
    }

    // Only creating the file shows whether it can be created.
    private static string? FindLogProblem(string folder)
    {
        try
        {
            new FileLogTarget(folder).Dispose();
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"cannot hold the log: {failure.Message.TrimEnd('.')}";
        }
    }

    private static ConfigurationProblem Describe(AliasClash clash, WrittenOptions written)
    {
        FileNode aliases = written.FindOfModel(clash.Owner, "aliases")!;
        return new ConfigurationProblem(
            written.File.LocationOf(aliases), TextOf(clash.Alias, aliases),
            $"is also the name of {(clash.FileName is null ? "another model" : $"the file {clash.FileName}")}, which it would hide",
            "choose another alias, or rename the file");
    }

    private static string TextOf(string alias, FileNode aliases) => aliases.Items.Append(aliases).Select(static node => node.Text)
        .FirstOrDefault(text => ModelReference.TryParseWritten(text, out ModelReference reference, out _) && reference.ToString() == alias) ?? alias;
}

using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Compares flags of a client with those that the engine knows, so that no start fails because of an unknown one.</summary>
/// <param name="settings">Reads the settings.</param>
internal sealed class FlagCheck(Func<DaemonSettings> settings)
{
    /// <summary>The member of a request that has flags.</summary>
    public const string Param = "runtime-flags";

    /// <summary>Checks flags.</summary>
    /// <param name="build">The build of llama-server of the model; null: the default engine.</param>
    /// <param name="arguments">Checked arguments: canonical names, each followed by its value.</param>
    /// <param name="draft">The draft model; null: none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What the engine knows; null: it was not asked, or its help is not usable.</returns>
    /// <exception cref="ApiException">It does not know one of the flags, or draft models.</exception>
    public async Task<EngineFlags?> CheckAsync(
        string? build, IReadOnlyList<string> arguments, DraftSettings? draft, CancellationToken cancellationToken)
    {
        DaemonSettings current = settings();
        current = current with { Runners = current.Runners.With(build) };
        if (draft is not null && current.Runners.LlamaServerPath is null)
        {
            throw new ApiException(ApiError.Invalid(
                "a draft model needs llama-server, which is not here; install llama.cpp or set LLAMA_SERVER_PATH", ConfigureDraft.Section));
        }

        if ((arguments.Count == 0 && draft is null) || (current.Runners.LlamaServerPath ?? current.Runners.LlamaHostPath) is not { } engine)
            return null;
        EngineFlags? known = current.Runners.EngineFlags ?? await EngineHelp.ReadAsync(engine, EngineHelp.DefaultPatience, cancellationToken);
        if (known is null)
            return null;

        if (draft is not null && DraftArguments.FindUnknown(draft, known) is not null)
        {
            throw new ApiException(ApiError.Invalid(
                words => $"this llama-server has no arguments for {words.Draft}; use a version that knows --spec-draft-model, or leave it out",
                ConfigureDraft.Section));
        }

        // Only these flags are checked here.
        DaemonSettings asked = current with
        {
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { [""] = new ModelSettings { Arguments = arguments } },
            Runners = current.Runners with { ExtraArguments = [] },
        };
        if (current.Runners.LlamaServerPath is null)
        {
            return EngineArgumentCheck.ListUnknown(asked, known) is { Count: > 0 } unknown
                ? throw new ApiException(ApiError.Invalid(
                    $"the embedded llama-host does not know {string.Join(", ", unknown)}; leave it out, or install llama.cpp", Param))
                : known;
        }

        return EngineArgumentCheck.FindUnknown(asked, known) is { Count: > 0 } problems
            ? throw new ApiException(ApiError.Invalid(
                words => string.Join(" ", problems.Take(3).Select(problem => $"{words.FlagsKey}{problem.WithoutKey}")), Param))
            : known;
    }
}

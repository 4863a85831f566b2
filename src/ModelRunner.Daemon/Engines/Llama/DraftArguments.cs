using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The arguments of llama-server for a draft model, whose names differ between versions.</summary>
internal static class DraftArguments
{
    // The current name first.
    private static readonly string[] ModelNames = ["--spec-draft-model", "--model-draft", "-md"];
    private static readonly string[] TokenNames = [DraftSettings.TokensArgument, "--draft-max", "--draft-n", "--draft"];
    private static readonly string[] ProbabilityNames = ["--spec-draft-p-min", "--draft-p-min"];

    /// <summary>The arguments. They follow those of the user, because the members of <c>draft</c> have precedence.</summary>
    /// <param name="draft">The draft model.</param>
    /// <param name="added">The arguments of the user.</param>
    /// <param name="flags">The arguments that llama-server knows; null: it was not asked, or its help is not usable.</param>
    public static IEnumerable<string> Of(DraftModel draft, IReadOnlyList<string> added, EngineFlags? flags)
    {
        yield return NameIn(flags, ModelNames) ?? ModelNames[0];
        yield return draft.File.Path;
        if (flags is null or { HasDraftType: true } && !added.Contains(DraftSettings.TypeArgument, StringComparer.Ordinal))
        {
            yield return DraftSettings.TypeArgument;
            yield return DraftSettings.DraftType;
        }

        if (draft.Settings.MaxTokens is { } tokens && (NameIn(flags, TokenNames) ?? TokenNames[0]) is var most)
        {
            yield return most;
            yield return tokens.ToString(CultureInfo.InvariantCulture);
        }

        if (draft.Settings.MinProbability is { } probability && (NameIn(flags, ProbabilityNames) ?? ProbabilityNames[0]) is var least)
        {
            yield return least;
            yield return probability.ToString("0.######", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The first member of <c>draft</c> that llama-server has no argument for; null: it has one for each.</summary>
    /// <param name="draft">The settings.</param>
    /// <param name="flags">The arguments that llama-server knows.</param>
    public static string? FindUnknown(DraftSettings draft, EngineFlags flags) =>
        NameIn(flags, ModelNames) is null ? "draft.model"
        : draft.MaxTokens is not null && NameIn(flags, TokenNames) is null ? "draft.maxTokens"
        : draft.MinProbability is not null && NameIn(flags, ProbabilityNames) is null ? "draft.minProbability"
        : null;

    private static string? NameIn(EngineFlags? flags, string[] names) => flags is null ? null : Array.Find(names, flags.Known.Contains);
}

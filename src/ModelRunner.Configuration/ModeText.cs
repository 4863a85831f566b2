using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Modes as they are written in files, requests and labels.</summary>
internal static class ModeText
{
    /// <summary>Reads a mode, in lower case.</summary>
    public static bool TryParse(string text, out RunnerMode mode)
    {
        RunnerMode? known = text switch
        {
            "completion" => RunnerMode.Completion,
            "embedding" => RunnerMode.Embedding,
            "reranking" => RunnerMode.Reranking,
            _ => null,
        };
        mode = known.GetValueOrDefault();
        return known is not null;
    }

    /// <summary>Writes a mode, in lower case.</summary>
    public static string Format(RunnerMode mode) => mode switch
    {
        RunnerMode.Embedding => "embedding",
        RunnerMode.Reranking => "reranking",
        _ => "completion",
    };
}

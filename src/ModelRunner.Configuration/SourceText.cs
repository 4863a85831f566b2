namespace ModelRunner.Configuration;

/// <summary>The names of <see cref="SourceKind"/> in options, lists and labels.</summary>
internal static class SourceText
{
    /// <summary>Stands for all of them.</summary>
    public const string All = "all";

    /// <summary>Stands for none of them.</summary>
    public const string None = "none";

    private static readonly (SourceKind Kind, string Name, string Tool)[] Names =
    [
        (SourceKind.Pulled, "pulled", "the model store"),
        (SourceKind.Docker, "docker", "Docker Model Runner"),
        (SourceKind.HuggingFace, "huggingface", "Hugging Face"),
        (SourceKind.LlamaCpp, "llama.cpp", "llama.cpp"),
        (SourceKind.Ollama, "ollama", "Ollama"),
        (SourceKind.LmStudio, "lmstudio", "LM Studio"),
    ];

    /// <summary>All tools in their order.</summary>
    public static IReadOnlyList<SourceKind> Kinds { get; } = [.. Names.Skip(1).Select(static name => name.Kind)];

    /// <summary>The names of all tools, separated by commas.</summary>
    public static string List { get; } = string.Join(", ", Names.Skip(1).Select(static name => name.Name));

    /// <summary>The name of a kind.</summary>
    public static string Format(SourceKind kind) => Names[(int)kind].Name;

    /// <summary>The name of the tool, for sentences.</summary>
    public static string ToolOf(SourceKind kind) => Names[(int)kind].Tool;

    /// <summary>Reads the name of a tool; capitals do not matter.</summary>
    public static bool TryParse(string text, out SourceKind kind)
    {
        int index = Array.FindIndex(Names, 1, name => name.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
        kind = index < 0 ? default : Names[index].Kind;
        return index >= 0;
    }
}

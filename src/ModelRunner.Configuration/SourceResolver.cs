namespace ModelRunner.Configuration;

/// <summary>Decides which tools' models are used, and where they are: by the tools' own variables, else in their usual folders.</summary>
internal static class SourceResolver
{
    /// <summary>Reads the option. With <c>--demo</c> there are none unless it is set, so that the demo shows its own models only.</summary>
    /// <param name="reader">The options.</param>
    /// <param name="modelsPath">The models folder. It may itself be a store.</param>
    /// <param name="isDemo">Whether the daemon runs with the models of the demo.</param>
    public static IReadOnlyList<SourceSettings> Resolve(OptionReader reader, string modelsPath, bool isDemo)
    {
        ConfigurationOption option = ConfigurationCatalog.Sources;
        IEnumerable<SourceKind> kinds = isDemo ? [] : SourceText.Kinds;
        if (reader.Written.Find(option) is { } written)
            kinds = Read(written, option, reader);
        return
        [
            new SourceSettings(SourceKind.Pulled, [Path.Join(modelsPath, "store"), modelsPath]),
            .. kinds.Distinct().Order().Select(kind => Locate(kind, reader.Options)),
        ];
    }

    private static List<SourceKind> Read(WrittenValue written, ConfigurationOption option, OptionReader reader)
    {
        var kinds = new List<SourceKind>();
        string[] texts = [.. (written.Items ?? written.Text.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(static text => text.Trim())];
        foreach (string text in texts)
        {
            if (SourceText.TryParse(text, out SourceKind kind))
                kinds.Add(kind);
            else if (texts.Length == 1 && text.Equals(SourceText.All, StringComparison.OrdinalIgnoreCase))
                kinds.AddRange(SourceText.Kinds);
            else if (texts.Length > 1 || !text.Equals(SourceText.None, StringComparison.OrdinalIgnoreCase))
                reader.Report(written with { Text = text }, option);
        }

        return kinds;
    }

    private static SourceSettings Locate(SourceKind kind, DaemonOptions options) => kind switch
    {
        SourceKind.Docker => new(kind, [InHome(".docker/models", options)]),
        SourceKind.HuggingFace => new(kind, [.. HuggingFaceFolders(options)]),
        SourceKind.LlamaCpp => new(kind, [Named("LLAMA_CACHE", options) ?? Path.Join(CacheFolder(options), "llama.cpp")]),
        SourceKind.Ollama => new(
            kind,
            Named("OLLAMA_MODELS", options) is { } named ? [named] : [InHome(".ollama/models", options), "/usr/share/ollama/.ollama/models"]),
        _ => new(kind, [InHome(".lmstudio/models", options), Path.Join(CacheFolder(options), "lm-studio", "models")])
        {
            Pointer = InHome(".lmstudio-home-pointer", options),
        },
    };

    // llama.cpp uses the same layout in its own folder, if that is named.
    private static IEnumerable<string> HuggingFaceFolders(DaemonOptions options)
    {
        yield return Named("HF_HUB_CACHE", options) ?? Named("HUGGINGFACE_HUB_CACHE", options)
            ?? Path.Join(Named("HF_HOME", options) ?? Path.Join(CacheFolder(options), "huggingface"), "hub");
        if (Named("LLAMA_CACHE", options) is { } own)
            yield return own;
    }

    private static string? Named(string variable, DaemonOptions options) =>
        options.Variable(variable) is { } text && PathText.IsPossible(text) ? PathText.Resolve(text, options, options.WorkingDirectory) : null;

    // XDG: a relative path in the variable counts as unset.
    private static string CacheFolder(DaemonOptions options) =>
        options.Variable("XDG_CACHE_HOME") is { } set && Path.IsPathRooted(set) ? set : InHome(".cache", options);

    private static string InHome(string path, DaemonOptions options) => Path.Join(PathText.Home(options), path);
}

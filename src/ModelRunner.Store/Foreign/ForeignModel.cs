using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>A model in the store of another tool, before its file is read.</summary>
/// <param name="Name">Its name and tag, as a person would write them; they begin with the tool or with <c>huggingface.co</c>.</param>
/// <param name="Shards">Absolute paths of the existing shards, in order; empty only if <see cref="Problem"/> says why.</param>
/// <param name="ShardCount">The number of shards that should exist.</param>
internal sealed record ForeignModel(string Name, IReadOnlyList<string> Shards, int ShardCount)
{
    /// <summary>The part of <see cref="Unused"/> that is a template of the tool.</summary>
    public const string Template = "template";

    /// <summary>The part of <see cref="Unused"/> that are texts that end an answer.</summary>
    public const string StopTexts = "stop sequences";

    /// <summary>The digests of its shards, in order, if the store tells those of all; empty: unknown. They were not computed here.</summary>
    public IReadOnlyList<Digest> Digests { get; init; } = [];

    /// <summary>The digest of its manifest; null: the store has no manifests.</summary>
    public Digest? Manifest { get; init; }

    /// <summary>What its first file is in the repository of Hugging Face that its name has; empty: not known.</summary>
    public IReadOnlyList<HubFile> HubFiles { get; init; } = [];

    /// <summary>Whether its name is only the beginning of its id, because it has no other one.</summary>
    public bool HasNoName => Manifest is { } id && Name == NameOf(id);

    /// <summary>The name of a model that has no other one: the beginning of its id.</summary>
    public static string NameOf(Digest id) => $"{id.Algorithm}:{id.Short}";

    /// <summary>Absolute paths of the image projectors beside it, in ordinal order.</summary>
    public IReadOnlyList<string> Projectors { get; init; } = [];

    /// <summary>Absolute paths of the adapters (LoRA) that belong to it.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>Absolute paths of the other files that belong to it, such as its licenses and its configuration; some may not exist.</summary>
    public IReadOnlyList<string> OtherFiles { get; init; } = [];

    /// <summary>Arguments of llama-server that stand for settings of the tool: canonical names, each followed by its value.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Tokens of context in one slot; null: the tool does not say.</summary>
    public int? ContextSize { get; init; }

    /// <summary>The most tokens of context in one slot, which a runner gets if they fit into the memory; null: the tool does not say.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Absolute path of its chat template, in place of the one in its GGUF file; null: none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Parts that the tool would use and a runner does not get, for example "system prompt".</summary>
    public IReadOnlyList<string> Unused { get; init; } = [];

    /// <summary>Why it cannot be served, a clause that follows its name; null: no reason is known.</summary>
    public string? Problem { get; init; }
}

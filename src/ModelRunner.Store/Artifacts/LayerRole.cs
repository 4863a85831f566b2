namespace ModelRunner.Store.Artifacts;

/// <summary>What a file of an artifact is for.</summary>
internal enum LayerRole
{
    /// <summary>It is kept, and no engine gets it.</summary>
    Other,

    /// <summary>A GGUF file with weights, or one part of them.</summary>
    Weights,

    /// <summary>The GGUF file that turns pictures into tokens.</summary>
    Projector,

    /// <summary>A chat template in Jinja's language.</summary>
    ChatTemplate,

    /// <summary>The text of a licence.</summary>
    License,

    /// <summary>Weights in a format that llama.cpp does not read, or packed.</summary>
    ForeignWeights,
}

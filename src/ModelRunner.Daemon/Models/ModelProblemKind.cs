namespace ModelRunner.Daemon.Models;

/// <summary>Why llama.cpp cannot run a model.</summary>
internal enum ModelProblemKind
{
    /// <summary>Its file cannot be read, or holds no model.</summary>
    File,

    /// <summary>The image projector of its settings cannot be used.</summary>
    Projector,

    /// <summary>The engine cannot use its adapter.</summary>
    Adapter,

    /// <summary>The engine cannot use a draft model.</summary>
    DraftEngine,

    /// <summary>The name of its draft model means no model that can be one.</summary>
    DraftName,

    /// <summary>The file of its draft model cannot be read, or holds no model.</summary>
    DraftFile,

    /// <summary>Its draft model makes no text.</summary>
    DraftMode,

    /// <summary>Its arguments do not use the draft model.</summary>
    DraftArguments,
}

using ModelRunner.Configuration;
using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Models;

/// <summary>A draft model that runners load beside their model.</summary>
/// <param name="Reference">Its canonical reference.</param>
/// <param name="File">Its file.</param>
/// <param name="Header">The header of its file.</param>
/// <param name="Settings">How it is used.</param>
internal sealed record DraftModel(string Reference, ModelFile File, GgufHeader Header, DraftSettings Settings)
{
    private const string Hidden = "its draft model";

    /// <summary>A text about a runner, as the output of an engine, without the name and the file of the draft model.</summary>
    /// <param name="text">The text.</param>
    /// <param name="modelPath">The file of the model, whose name stays.</param>
    public string HideIn(string text, string? modelPath)
    {
        text = HiddenName.ReplaceFile(text, File.Path, Hidden);
        text = HiddenName.Replace(text, $"draft model {Reference}", "draft model");
        text = HiddenName.Replace(text, Reference, Hidden);
        string name = Path.GetFileName(File.Path);
        return name == Path.GetFileName(modelPath) ? text : HiddenName.ReplaceFile(text, name, Hidden);
    }
}

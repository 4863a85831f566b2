using ModelRunner.Configuration;
using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Models;

/// <summary>A draft model that runners load beside their model.</summary>
/// <param name="Reference">Its canonical reference.</param>
/// <param name="File">Its file.</param>
/// <param name="Header">The header of its file.</param>
/// <param name="Settings">How it is used.</param>
internal sealed record DraftModel(string Reference, ModelFile File, GgufHeader Header, DraftSettings Settings);

using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Another name of a model: its file is also at a second place.</summary>
/// <param name="Reference">The canonical reference.</param>
/// <param name="Tool">The tool that has the file there; null: it is in the models folder.</param>
internal readonly record struct OtherName(ModelReference Reference, SourceKind? Tool);

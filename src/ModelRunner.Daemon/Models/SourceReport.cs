using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>The state of a source of models, for people.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Models">The models that its last scan found and that can be served; several names of one count once.</param>
/// <param name="Problems">What could not be read, one clause each that follows the tool's name.</param>
internal sealed record SourceReport(SourceKind Kind, int Models, IReadOnlyList<string> Problems);

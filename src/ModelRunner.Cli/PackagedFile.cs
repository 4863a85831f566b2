using ModelRunner.Store.Artifacts;

namespace ModelRunner.Cli;

/// <summary>A file that becomes a layer of an artifact.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Layer">Its kind, digest and size.</param>
internal sealed record PackagedFile(string Path, Descriptor Layer);

using ModelRunner.Linux.Files;

namespace ModelRunner.Store.Foreign;

/// <summary>A file that may have a certain digest: another tool named it so, or it has the right size. Nobody has checked that here.</summary>
/// <param name="Place">The store of the tool.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Status">What the file is.</param>
internal sealed record FoundContent(ContentPlace Place, string Path, FileStatus Status);

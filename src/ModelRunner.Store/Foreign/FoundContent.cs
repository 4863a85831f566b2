using ModelRunner.Linux.Files;

namespace ModelRunner.Store.Foreign;

/// <summary>A file that should have a certain digest, because another tool named it so. Nobody has checked that here.</summary>
/// <param name="Tool">The name of the tool.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Status">What the file is.</param>
internal sealed record FoundContent(string Tool, string Path, FileStatus Status);

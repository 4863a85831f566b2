using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;

namespace ModelRunner.Store.Layout;

/// <summary>A file of another tool that may become one of the store. It is only read.</summary>
/// <param name="File">The file, open for reading.</param>
/// <param name="Path">Where it was opened.</param>
/// <param name="Status">What it was when it was opened.</param>
internal sealed record AdoptedFile(SafeFileHandle File, string Path, FileStatus Status);

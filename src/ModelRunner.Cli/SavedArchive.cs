using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>The archive that <c>save</c> writes, and the errors about it.</summary>
/// <param name="Model">The model, as the user wrote it.</param>
/// <param name="Path">The file, as the user wrote it; <c>-</c> is standard output.</param>
/// <param name="Bytes">Its length; null: the daemon does not say it.</param>
internal sealed record SavedArchive(string Model, string Path, long? Bytes)
{
    private const string Elsewhere = "name a file elsewhere with -o";

    private string Size => Bytes is { } bytes ? $" of {FileSizeText.Format(bytes)}" : "";

    /// <summary>The file cannot be written.</summary>
    public CliFailure NotWritable(Exception failure)
    {
        string cause = failure switch
        {
            UnauthorizedAccessException => $"this user must not write there; {Elsewhere}",
            DirectoryNotFoundException => $"its folder does not exist; create it, or {Elsewhere}",
            IOException full when DiskSpace.IsFull(full) => $"there is no space left on its disk; make space, or {Elsewhere}",
            _ => $"{DiskCause.Of(failure)}; {Elsewhere}",
        };
        return new CliFailure($"the archive{Size} of {Model} cannot be written to \"{Path}\": {cause}", ExitCode.Failure);
    }

    /// <summary>The daemon sent less than all.</summary>
    /// <param name="bytes">What came.</param>
    public CliFailure NotComplete(long bytes) => new(
        $"the archive{Size} of {Model} is not complete: the daemon closed the connection after {FileSizeText.Format(bytes)}; its log may say why, "
        + $"and \"model-runner verify {Model}\" finds damaged files", ExitCode.Failure);
}

namespace ModelRunner.Linux.Files;

/// <summary>A write to standard output failed. The message is one sentence for the user.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isReaderGone">The reader closed its end, as <c>head</c> does after ten lines. This is not an error, and no message is shown.</param>
internal sealed class OutputException(string message, bool isReaderGone) : IOException(message)
{
    public bool IsReaderGone => isReaderGone;
}

namespace ModelRunner.Linux.Files;

/// <summary>Standard output takes nothing more. The message is one sentence for the user.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isReaderGone">The reader closed its end, as <c>head</c> does after ten lines. That is no fault, and nothing is said.</param>
internal sealed class OutputException(string message, bool isReaderGone) : IOException(message)
{
    public bool IsReaderGone => isReaderGone;
}

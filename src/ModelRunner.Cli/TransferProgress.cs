using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>Shows how much of a file was sent or received: a line on the terminal of standard error that is overwritten, and nothing elsewhere.</summary>
/// <param name="context">The console and the clock.</param>
/// <param name="verb">What is done, for example "saved".</param>
/// <param name="total">Bytes in all; null: unknown.</param>
internal sealed class TransferProgress(CliContext context, string verb, long? total) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private long? _shown;

    /// <summary>Bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds bytes.</summary>
    public void Add(int bytes)
    {
        Bytes += bytes;
        if (!context.Console.IsErrorTerminal || (_shown is { } last && context.Time.GetElapsedTime(last) < Interval))
            return;
        _shown = context.Time.GetTimestamp();
        string all = total is { } size and > 0
            ? string.Create(CultureInfo.InvariantCulture, $" of {FileSizeText.Format(size)} ({Math.Min(100, 100.0 * Bytes / size):0} %)")
            : "";
        context.Console.Error.Write($"\r\u001b[K{FileSizeText.Format(Bytes)}{all} {verb}");
    }

    /// <summary>Removes the line.</summary>
    public void Dispose()
    {
        if (_shown is null)
            return;
        context.Console.Error.Write("\r\u001b[K");
        _shown = null;
    }
}

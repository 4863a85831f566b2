using System.Text;
using ModelRunner.Daemon.Metrics;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reads pages without a client.</summary>
internal static class PageReaders
{
    public static async Task<string> ReadToEndAsync(this PageReader reader, CancellationToken cancellation)
    {
        using var copy = new MemoryStream();
        while (await reader.NextAsync(cancellation) is { } part)
            part.Bytes.CopyTo(copy);
        return Encoding.UTF8.GetString(copy.ToArray());
    }
}

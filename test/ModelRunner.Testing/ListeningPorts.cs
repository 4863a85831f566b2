using System.Globalization;
using System.Net;

namespace ModelRunner.Testing;

/// <summary>The TCP ports that a process listens on, as the kernel knows them.</summary>
internal static class ListeningPorts
{
    private const string Listening = "0A";

    public static IReadOnlyList<IPEndPoint> Of(int process)
    {
        var sockets = Directory.EnumerateFiles($"/proc/{process}/fd").Select(static file => new FileInfo(file).LinkTarget ?? "")
            .Where(static target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(static target => target["socket:[".Length..^1]).ToHashSet(StringComparer.Ordinal);
        return [.. Read("/proc/net/tcp", sockets).Concat(Read("/proc/net/tcp6", sockets))];
    }

    // proc_net_tcp: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
    private static IEnumerable<IPEndPoint> Read(string table, HashSet<string> sockets)
    {
        foreach (string line in File.ReadLines(table).Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[3] == Listening && sockets.Contains(fields[9]))
                yield return Parse(fields[1]);
        }
    }

    private static IPEndPoint Parse(string text)
    {
        string[] parts = text.Split(':');
        byte[] address = Convert.FromHexString(parts[0]);
        for (int word = 0; word < address.Length; word += 4)
            Array.Reverse(address, word, 4);
        return new IPEndPoint(new IPAddress(address), int.Parse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }
}

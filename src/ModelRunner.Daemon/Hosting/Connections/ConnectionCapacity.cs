using System.Globalization;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>How many client connections the daemon accepts.</summary>
/// <param name="Limit">Connections for all requests.</param>
/// <param name="Reserve">Further connections, only for health checks and scrapes.</param>
internal readonly record struct ConnectionCapacity(int Limit, int Reserve)
{
    private const int MaxReserve = 256;
    private const int SmallestReserve = 4;
    private const int SmallestLimit = 8;

    /// <summary>Files that the daemon needs beside client connections: its log, its sockets, the pipes of its runners, scrapes.</summary>
    private const int OtherFiles = 96;

    /// <summary>The limit that the user asked for, reduced if the process may not open that many files.</summary>
    public static ConnectionCapacity Find(int asked) => Divide(asked, ReadFileLimit());

    /// <summary>Each client request may need a second file, for the connection to its runner.</summary>
    internal static ConnectionCapacity Divide(int asked, long files)
    {
        int reserve = Math.Clamp(asked / 4, SmallestReserve, MaxReserve);
        long free = files - OtherFiles;
        if (free >= (2L * asked) + reserve)
            return new ConnectionCapacity(asked, reserve);

        return new ConnectionCapacity(
            (int)Math.Min(asked, Math.Max(SmallestLimit, free * 4 / 9)),
            (int)Math.Clamp(free / 9, SmallestReserve, reserve));
    }

    // proc_pid_limits: "Max open files            1024                 4096                 files"
    private static long ReadFileLimit()
    {
        const string Name = "Max open files";
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal));
            string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long files) ? files : long.MaxValue;
        }
        catch (IOException)
        {
            return long.MaxValue;
        }
    }
}

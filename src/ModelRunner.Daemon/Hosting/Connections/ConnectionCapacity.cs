using ModelRunner.Linux.Processes;

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
    public static ConnectionCapacity Find(int asked) => Divide(asked, OpenFileLimit.Read() ?? long.MaxValue);

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
}

using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The mark of a runner, or of a short query of an engine, that the processes it starts inherit, and that no environment, session or parent
/// changes: the value of the resource limit <c>RLIMIT_LOCKS</c>. The kernel keeps this limit and has not used it since Linux 2.4,
/// so no value of it has an effect.
/// </summary>
/// <remarks>
/// The value names the daemon, by 40 bits of a hash, and the runner, by 20 bits of its number. Bit 61 is set, so nobody's <c>ulimit -x</c> has
/// such a value by accident. Where the hard limit is lower, a process has no mark, and only the one in its environment is left.
/// </remarks>
internal static unsafe class InheritedMark
{
    private const ulong Base = 1UL << 61;
    private const int NumberBits = 20;
    private const ulong MaxNumber = (1UL << NumberBits) - 1;
    private const int HashBits = 40;
    private const int ThisProcess = 0;

    // FNV-1a, and the last step of MurmurHash3, which spreads it over all bits.
    private const ulong HashStart = 14695981039346656037;
    private const ulong HashFactor = 1099511628211;
    private const ulong FirstSpread = 0xff51afd7ed558ccd;
    private const ulong SecondSpread = 0xc4ceb9fe1a85ec53;
    private const int SpreadShift = 33;

    /// <summary>What the marks of all runners of a daemon have in common.</summary>
    public static ulong OwnerOf(DaemonIdentity daemon) => (Base >> NumberBits) | (Hash(daemon.ToString()) >> (64 - HashBits));

    /// <summary>What a mark has in common with those of the other runners of its daemon.</summary>
    public static ulong OwnerOf(ulong mark) => mark >> NumberBits;

    /// <summary>The mark that belongs to an environment variable of a runner, <c>NAME=DAEMON-NUMBER</c>; null: it has another form.</summary>
    public static ulong? Of(string variable)
    {
        ReadOnlySpan<char> text = variable.AsSpan(variable.IndexOf('=') + 1);
        return DaemonIdentity.TryParse(text, out DaemonIdentity daemon, out ReadOnlySpan<char> rest)
            && ulong.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? (OwnerOf(daemon) << NumberBits) | (number & MaxNumber)
            : null;
    }

    /// <summary>The mark of a process; null: it has none, or it has ended, or this user may not read it.</summary>
    public static ulong? Find(int process)
    {
        ulong* limits = stackalloc ulong[2];
        return Libc.ResourceLimit(process, Libc.LimitOfLocks, null, limits) == 0 && limits[0] >> 61 == 1 ? limits[0] : null;
    }

    /// <summary>Marks a process that was just started. What it started before that has no mark.</summary>
    public static void Set(int process, ulong mark)
    {
        ulong* limits = stackalloc ulong[2];
        if (Libc.ResourceLimit(process, Libc.LimitOfLocks, null, limits) != 0 || limits[1] < mark)
            return;
        limits[0] = mark;
        _ = Libc.ResourceLimit(process, Libc.LimitOfLocks, limits, null);
    }

    /// <summary>Marks this process, before it executes the program of a runner.</summary>
    public static void SetOwn(ulong mark) => Set(ThisProcess, mark);

    private static ulong Hash(string text)
    {
        ulong hash = HashStart;
        foreach (char letter in text)
            hash = (hash ^ letter) * HashFactor;
        hash = (hash ^ (hash >> SpreadShift)) * FirstSpread;
        hash = (hash ^ (hash >> SpreadShift)) * SecondSpread;
        return hash ^ (hash >> SpreadShift);
    }
}

namespace ModelRunner.Daemon.Api;

/// <summary>What the files of the daemon occupy on their disks, in bytes. Immutable.</summary>
/// <param name="Models">The models folder, and the files of models elsewhere.</param>
/// <param name="Engine">The programs that run models, with their libraries.</param>
/// <param name="State">The state folder: the ledger, keys, authorities.</param>
/// <param name="Logs">The log files of the daemon.</param>
/// <param name="IsIncomplete">Whether files are missing in the sums.</param>
internal sealed record DiskReport(long Models, long Engine, long State, long Logs, bool IsIncomplete);

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// What the files beside a database tell of its write-ahead log, before SQLite repairs them. SQLite drops the rest of a damaged log without a word.
/// The index of the log (<c>-shm</c>) still tells how long the log was when its last process was killed.
/// </summary>
internal readonly struct LogState
{
    private const int IndexHeader = 48;
    private const int IndexBytes = 100;
    private const int LogHeader = 32;
    private const int SaltOffset = 16;
    private const int IndexSaltOffset = 32;
    private const int FramesOffset = 16;
    private const int IsInitializedOffset = 12;
    private const uint IndexVersion = 3_007_000;
    private const uint LogMagic = 0x377f0682;

    private readonly bool _hasLog;
    private readonly bool _isLogValid;
    private readonly bool _isSameLog;
    private readonly long _moved;

    private LogState(ReadOnlySpan<byte> index, ReadOnlySpan<byte> log)
    {
        _hasLog = log.Length > 0;
        _isLogValid = log.Length >= LogHeader && (BinaryPrimitives.ReadUInt32BigEndian(log) | 1) == (LogMagic | 1);
        if (index.Length < IndexBytes || index[IsInitializedOffset] != 1 || MemoryMarshal.Read<uint>(index) != IndexVersion
            || !index[..IndexHeader].SequenceEqual(index.Slice(IndexHeader, IndexHeader)))
        {
            return;
        }

        Frames = MemoryMarshal.Read<uint>(index[FramesOffset..]);
        _moved = MemoryMarshal.Read<uint>(index[(2 * IndexHeader)..]);
        _isSameLog = _isLogValid && log.Slice(SaltOffset, 8).SequenceEqual(index.Slice(IndexSaltOffset, 8));
    }

    /// <summary>The pages in the log.</summary>
    public long Frames { get; }

    /// <summary>Reads the state of a database that no process uses.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LogState Read(string database) =>
        new(ReadStart(database + "-shm", IndexBytes), ReadStart(database + "-wal", LogHeader));

    /// <summary>Whether changes that were written are missing.</summary>
    /// <param name="countFrames">Returns the pages in the log after the database was opened; null: that is not known.</param>
    public bool IsLoss(Func<long?> countFrames)
    {
        if (_hasLog && !_isLogValid)
            return true;

        // The index of another log tells nothing. It may be older than a crash of the machine.
        return Frames > _moved && (_isSameLog || !_hasLog) && countFrames() < Frames;
    }

    private static ReadOnlySpan<byte> ReadStart(string path, int bytes)
    {
        if (!File.Exists(path))
            return [];
        byte[] start = new byte[bytes];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        return start.AsSpan(0, file.ReadAtLeast(start, bytes, throwOnEndOfStream: false));
    }
}

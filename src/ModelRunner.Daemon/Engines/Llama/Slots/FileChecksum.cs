using System.Buffers.Binary;
using System.Numerics;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>
/// The CRC-32C of a file, for which processors have an instruction. llama-server has no checksum: it restores a file with a changed byte without an error,
/// and then gives other answers.
/// </summary>
internal static class FileChecksum
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Reads a regular file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Its length and checksum; null: there is no regular file that can be read.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<(long Bytes, uint Checksum)?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!FileStatus.OfLink(path).IsRegular)
            return null;
        await using FileStream? file = RegularFile.Open(path);
        if (file is null)
            return null;

        byte[] block = GC.AllocateUninitializedArray<byte>(BlockBytes);
        (long bytes, uint checksum) = (0, uint.MaxValue);
        while (await file.ReadAtLeastAsync(block, BlockBytes, throwOnEndOfStream: false, cancellationToken) is > 0 and var count)
        {
            checksum = Add(checksum, block.AsSpan(0, count));
            bytes += count;
        }

        return (bytes, ~checksum);
    }

    private static uint Add(uint checksum, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte one in data)
            checksum = BitOperations.Crc32C(checksum, one);
        return checksum;
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ModelRunner.Gguf;

/// <summary>
/// FNV-1a with 128 bits over texts and numbers: the same in every process, on every machine and in every version. It does not protect against someone who
/// searches for two inputs with the same hash; a cryptographic hash of .NET would need OpenSSL. Not thread-safe.
/// </summary>
internal sealed class StableHash
{
    private static readonly UInt128 Prime = new(0x0000000001000000, 0x000000000000013B);

    private UInt128 _hash = new(0x6C62272E07BB0142, 0x62B821756295C58D);

    /// <summary>Adds a text and its length.</summary>
    public void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        Add(bytes);
    }

    /// <summary>Adds a number.</summary>
    public void Add(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        Add(bytes);
    }

    /// <summary>Adds bytes, without their number.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            _hash = (_hash ^ value) * Prime;
    }

    /// <summary>The hash of what was added so far.</summary>
    public UInt128 Value => _hash;

    /// <summary>The hash in 32 hexadecimal digits.</summary>
    public override string ToString() => _hash.ToString("x32", CultureInfo.InvariantCulture);
}

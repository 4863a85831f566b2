using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ModelRunner.Configuration;

/// <summary>Checks bytes that should be UTF-8.</summary>
internal static class Utf8Text
{
    /// <summary>Where a text stops being UTF-8, as line and column in bytes, both from 1; null if it is UTF-8.</summary>
    public static (int Line, int Column)? FindFault(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
            return null;

        int position = 0;
        while (Rune.DecodeFromUtf8(text[position..], out _, out int length) == OperationStatus.Done)
            position += length;
        ReadOnlySpan<byte> before = text[..position];
        return (before.Count((byte)'\n') + 1, position - (before.LastIndexOf((byte)'\n') + 1) + 1);
    }
}

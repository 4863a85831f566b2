using System.Text;

namespace ModelRunner.GgufGenerator.Text;

/// <summary>GPT-2's mapping of bytes to visible characters, in which byte-level tokens are stored.</summary>
internal static class ByteAlphabet
{
    private static readonly string[] Characters = Make();
    private static readonly Dictionary<char, byte> Bytes =
        Characters.Index().ToDictionary(pair => pair.Item[0], pair => (byte)pair.Index);

    /// <summary>The character of each byte.</summary>
    public static IReadOnlyList<string> All => Characters;

    /// <summary>Converts stored tokens back to text.</summary>
    public static string Decode(IEnumerable<string> tokens) =>
        Encoding.UTF8.GetString([.. tokens.SelectMany(token => token).Select(character => Bytes[character])]);

    // Visible Latin-1 characters stand for themselves; the other bytes get characters from U+0100 on, in order.
    private static string[] Make()
    {
        string[] characters = new string[256];
        int hidden = 0;
        for (int value = 0; value < 256; value++)
        {
            bool isVisible = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            characters[value] = ((char)(isVisible ? value : 256 + hidden++)).ToString();
        }

        return characters;
    }
}

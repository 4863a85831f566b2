using System.ComponentModel;
using System.Globalization;
using System.Text;
using ModelRunner.Cli;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class CharacterWidthTests
{
    // Each line: code point, category and East_Asian_Width of an assigned character.
    private const string Script = """
        import unicodedata as u
        for c in range(0x20, 0x110000):
            if u.category(chr(c)) not in ('Cn', 'Cs', 'Co', 'Cc'):
                print(c, u.category(chr(c)), u.east_asian_width(chr(c)))
        """;

    // Unicode 16 changed the width or the category of these characters. The table is that of Unicode 14; .NET and Python may have any version.
    private static readonly (int First, int Last)[] ChangedIn16 =
        [(0x2630, 0x2637), (0x268a, 0x268f), (0x4dc0, 0x4dff), (0x1171e, 0x1171e), (0x1d300, 0x1d356), (0x1d360, 0x1d376)];

    [Theory]
    [InlineData(' ', 1)]
    [InlineData('a', 1)]
    [InlineData('~', 1)]
    [InlineData(0xad, 1)] // soft hyphen
    [InlineData(0xe9, 1)] // é
    [InlineData(0x301, 0)] // combining acute accent
    [InlineData(0x416, 1)] // Ж
    [InlineData(0xe31, 0)] // a vowel of Thai, above its consonant
    [InlineData(0x1100, 2)] // the first part of a syllable of Korean
    [InlineData(0x1161, 0)] // the second part
    [InlineData(0x11a8, 0)] // the third part
    [InlineData(0x200b, 0)] // zero width space
    [InlineData(0x200d, 0)] // zero width joiner
    [InlineData(0x20dd, 0)] // combining enclosing circle
    [InlineData(0x2764, 1)] // heavy black heart
    [InlineData(0x3000, 2)] // ideographic space
    [InlineData(0x3042, 2)] // あ
    [InlineData(0x303f, 1)] // ideographic half fill space
    [InlineData(0x4e2d, 2)] // 中
    [InlineData(0x4dc0, 1)] // a hexagram, narrow in Unicode 14
    [InlineData(0xac00, 2)] // 가
    [InlineData(0xfe0f, 0)] // variation selector 16
    [InlineData(0xff21, 2)] // full-width A
    [InlineData(0xff71, 1)] // half-width katakana A
    [InlineData(0x1f1e9, 1)] // regional indicator D
    [InlineData(0x1f600, 2)] // grinning face
    [InlineData(0x20000, 2)] // the first one of CJK extension B
    [InlineData('\t', CharacterWidth.Tab)]
    public void Characters_have_the_width_of_terminals(int value, int width) => Assert.Equal(width, CharacterWidth.Of(new Rune(value)));

    /// <summary>Python has its own copy of the tables of Unicode.</summary>
    [Fact]
    public async Task Every_assigned_character_has_the_width_that_Unicode_gives()
    {
        string[] lines = (await RunPythonAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        List<string> wrong = [];
        foreach (string line in lines)
        {
            string[] parts = line.Split(' ');
            int value = int.Parse(parts[0], CultureInfo.InvariantCulture);
            if (ChangedIn16.Any(range => value >= range.First && value <= range.Last))
                continue;
            int width = CharacterWidth.Of(new Rune(value));
            if (width != Expected(value, parts[1], parts[2]))
                wrong.Add($"U+{value:X4} {parts[1]} {parts[2]}: {width}");
        }

        Assert.True(lines.Length > 100_000, $"Only {lines.Length} lines.");
        Assert.Empty(wrong);
    }

    private static int Expected(int value, string category, string width) => category switch
    {
        "Mn" or "Me" or "Cf" when value >= 0x300 => 0,
        _ when value is (>= 0x1160 and <= 0x11ff) or (>= 0xd7b0 and <= 0xd7fb) => 0,
        _ => width is "W" or "F" ? 2 : 1,
    };

    private static async Task<string> RunPythonAsync()
    {
        try
        {
            string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
            (int exitCode, string output, string error) = await ChildProgram.RunAsync(python, ["-c", Script], [], TestContext.Current.CancellationToken);
            Assert.True(exitCode == 0, error);
            return output;
        }
        catch (Win32Exception)
        {
            Prerequisite.Missing("There is no python3, which has the tables of Unicode.");
            throw;
        }
    }
}

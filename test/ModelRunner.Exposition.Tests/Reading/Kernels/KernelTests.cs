using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Reading.Kernels;

namespace ModelRunner.Exposition.Tests.Reading.Kernels;

public sealed class KernelTests
{
    public static TheoryData<int> Supported => [.. BlockClassifier.Supported.Select(kernel => (int)kernel)];

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_kernel_finds_every_byte_at_every_place_and_alignment(int kernel)
    {
        var masks = new BlockMasks[3];
        for (var alignment = 0; alignment < BlockMasks.Bytes; alignment++)
        {
            for (var value = 0; value < 256; value++)
            {
                var buffer = new byte[alignment + 130];
                var place = (value + alignment) % 130;
                buffer[alignment + place] = (byte)value;

                Assert.Equal(3, BlockClassifier.Classify((BlockKernel)kernel, buffer.AsSpan(alignment), masks));

                var bit = 1UL << (place % 64);
                for (var block = 0; block < 3; block++)
                {
                    var expected = block == place / 64 ? bit : 0;
                    Assert.Equal(
                        new BlockMasks(
                            LineFeeds: value == '\n' ? expected : 0,
                            Quotes: value == '"' ? expected : 0,
                            Backslashes: value == '\\' ? expected : 0,
                            NonAscii: value > 127 ? expected : 0),
                        masks[block]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_kernel_gives_the_masks_that_the_definition_gives(int kernel)
    {
        var random = new Random(17);
        var alphabet = "\n\"\\ a\n\"\\{\u007f"u8.ToArray();
        var masks = new BlockMasks[5];
        for (var length = 0; length <= 300; length++)
        {
            var bytes = new byte[length];
            for (var i = 0; i < length; i++)
                bytes[i] = length % 2 == 0 ? alphabet[random.Next(alphabet.Length)] : (byte)random.Next(256);

            Assert.Equal((length + 63) / 64, BlockClassifier.Classify((BlockKernel)kernel, bytes, masks));

            for (var i = 0; i < length; i++)
            {
                var (block, bit) = (masks[i / 64], i % 64);
                Assert.Equal(
                    (bytes[i] == '\n', bytes[i] == '"', bytes[i] == '\\', bytes[i] > 127),
                    (IsSet(block.LineFeeds, bit), IsSet(block.Quotes, bit), IsSet(block.Backslashes, bit), IsSet(block.NonAscii, bit)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_window_finds_line_ends_and_quotes_across_blocks_and_in_lines_longer_than_itself(int kernel)
    {
        foreach (var length in (int[])[0, 1, 62, 63, 64, 65, 127, 128, 129, 1000, 70_000])
        {
            var body = new byte[(length * 2) + 2];
            body.AsSpan().Fill((byte)'a');
            body[length] = (byte)'\n';
            body[^1] = (byte)'"';
            var window = new MaskWindow((BlockKernel)kernel);
            window.Begin(body, 0);

            Assert.Equal(length, window.FindLineEnd(body, 0));
            Assert.Equal(length, window.FindQuote(0, length));
            Assert.Equal(body.Length, window.FindLineEnd(body, length + 1));
            Assert.Equal(body.Length - 1, window.FindQuote(length + 1, body.Length));
            Assert.False(window.MayHaveBackslash);
            Assert.False(window.MayHaveNonAscii);
        }
    }

    private static bool IsSet(ulong mask, int bit) => (mask >> bit & 1) == 1;
}

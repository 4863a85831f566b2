using System.Security.Cryptography;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Names;

public sealed class DigestTests
{
    private static readonly string Hex = new('a', 64);

    [Fact]
    public void A_digest_is_read_and_written_unchanged()
    {
        Assert.True(Digest.TryParse("sha256:" + Hex, out Digest digest));
        Assert.Equal(("sha256", Hex, "sha256:" + Hex, "aaaaaaaaaaaa"), (digest.Algorithm, digest.Hex, digest.ToString(), digest.Short));

        Assert.True(Digest.TryParse("sha512:" + Hex + Hex, out digest));
    }

    /// <summary>A digest becomes a part of a path (CVE-2024-37032).</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../etc/passwdaa")]
    [InlineData("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")]
    [InlineData("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("sha512:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Other_text_is_refused(string? text) => Assert.False(Digest.TryParse(text, out _));

    [Fact]
    public void The_digest_of_no_bytes_is_the_known_one()
    {
        const string Empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        Assert.Equal(Empty, ContentHash.Of([]).ToString());
        Assert.Equal(Empty, ContentHash.End(hash).ToString());
    }
}

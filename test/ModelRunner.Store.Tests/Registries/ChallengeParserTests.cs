using CsCheck;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Tests.Registries;

public sealed class ChallengeParserTests
{
    [Theory]
    [InlineData("Basic realm=\"lab\"", "basic realm=lab")]
    [InlineData("Bearer realm=\"https://a.example/token\",service=\"s\",scope=\"repository:a/b:pull,push\"",
        "bearer realm=https://a.example/token service=s scope=repository:a/b:pull,push")]
    [InlineData("Bearer realm=\"https://a.example/token\" , service=s , error=\"invalid_token\"", "bearer realm=https://a.example/token service=s error=invalid_token")]
    [InlineData("bearer Realm=\"x\", Basic realm=\"a, b\", Negotiate", "bearer realm=x|basic realm=a, b|negotiate")]
    [InlineData("Negotiate, Bearer realm=x", "negotiate|bearer realm=x")]
    [InlineData("Negotiate YIIJvwYG==, Basic realm=\"a\"", "negotiate|basic realm=a")]
    [InlineData("Basic realm=\"a \\\"b\\\" \\\\ c\"", "basic realm=a \"b\" \\ c")]
    [InlineData("Basic realm = \"a\"", "basic realm=a")]
    [InlineData("Basic realm=\"never closed", "basic realm=never closed")]
    [InlineData("Basic realm=", "basic realm=")]
    [InlineData("Basic realm=\"a\",realm=\"b\"", "basic realm=a")]
    [InlineData(",,, Basic", "basic")]
    [InlineData("", "")]
    [InlineData("\"", "")]
    [InlineData("= = =", "")]
    public void Challenges_are_told_apart(string line, string expected) => Assert.Equal(expected, Show(ChallengeParser.Parse([line])));

    [Fact]
    public void Several_lines_are_one_list() => Assert.Equal("bearer realm=x|basic realm=y", Show(ChallengeParser.Parse(["Bearer realm=x", "Basic realm=y"])));

    [Fact]
    public void A_long_header_is_read_in_bounds()
    {
        Assert.Empty(ChallengeParser.Parse([new string('a', 1_000_000)]));
        Assert.Equal(16, ChallengeParser.Parse([string.Join(',', Enumerable.Repeat("a", 5000))]).Count);
    }

    [Fact]
    public void Any_text_is_read_to_its_end() => Check.Sample(
        Gen.OneOf("a=\", \\\tBasic".Select(static letter => Gen.Const(letter)).ToArray()).Array[0, 60],
        static letters => ChallengeParser.Parse([new string(letters)]), iter: 20_000);

    [Theory]
    [InlineData("repository:a/b:pull repository:a/b:push,pull", "repository:a/b:pull,push")]
    [InlineData("repository:b:pull repository:a:pull", "repository:a:pull repository:b:pull")]
    [InlineData("repository:reg.example:5000/a:pull", "repository:reg.example:5000/a:pull")]
    [InlineData("", "")]
    public void Scopes_of_one_resource_are_one(string text, string expected) => Assert.Equal(expected, RegistryScopes.Parse(text).ToString());

    private static string Show(IReadOnlyList<AuthChallenge> challenges) => string.Join('|', challenges.Select(static challenge =>
        string.Join(' ', challenge.Parameters.Select(static parameter => $"{parameter.Key}={parameter.Value}").Prepend(challenge.Scheme))));
}

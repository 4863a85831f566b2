using System.Text;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Tests.Registries;

public sealed class TokenAnswerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("100", 90)]
    [InlineData("\"100\"", 90)]
    [InlineData("-5", 0.9)]
    [InlineData("\"NaN\"", 54)]
    [InlineData("\"Infinity\"", 54)]
    [InlineData("\"-Infinity\"", 54)]
    [InlineData("1e999", 54)]
    [InlineData("1e300", 77760)]
    [InlineData("99999999999999999999", 77760)]
    [InlineData("null", 54)]
    public void A_token_lives_for_a_time_within_the_limits(string expiresIn, double seconds)
    {
        (AccessToken token, _) = Read($$"""{"token":"t","expires_in":{{expiresIn}}}""");

        Assert.Equal(Now.AddSeconds(seconds), token.Until);
    }

    [Theory]
    [InlineData("""{"token":"\ud800"}""")]
    [InlineData("""{"token":"t","refresh_token":"\udc00"}""")]
    [InlineData("""{"\ud800longEnough":1,"token":"t"}""")]
    [InlineData("""{"token":"t","expires_in":"\ud800"}""")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void An_answer_without_a_token_that_can_be_read_is_a_named_error(string body)
    {
        RemoteException failure = Assert.Throws<RemoteException>(() => Read(body));

        Assert.Equal(RemoteReason.UnexpectedAnswer, failure.Reason);
        Assert.Equal("the token server tokens.example sent no token; check the proxy settings", failure.Message);
    }

    private static (AccessToken Token, string? Refresh) Read(string body) => TokenAnswer.Read(Encoding.UTF8.GetBytes(body), "tokens.example", Now);
}

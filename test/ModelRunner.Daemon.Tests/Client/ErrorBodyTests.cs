using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Daemon.Tests.Client;

/// <summary>The errors of a daemon at a terminal.</summary>
public sealed class ErrorBodyTests
{
    [Fact]
    public void A_sentence_for_the_command_line_is_preferred()
    {
        const string Body = """{"error":{"message":"unload it first, or send force=true","command_line":"unload it first, or add --force","code":"x"}}""";
        Assert.Equal(new ErrorBody("unload it first, or add --force", "x"), Read(Body));
    }

    /// <summary>A sentence has texts of users, which may look like words of the API.</summary>
    [Theory]
    [InlineData("there is no model \"a; send force=true; GET / lists\"; did you mean \"remote=true\"?")]
    [InlineData("the name \"keepUnder\" is taken; POST /x")]
    public void Nothing_else_is_changed(string message)
    {
        Assert.Equal(message, Read(JsonSerializer.Serialize(new { error = new { message } })).Sentence);
        Assert.Equal(message, Read(JsonSerializer.Serialize(new { error = message })).Sentence);
    }

    private static ErrorBody Read(string body) => ErrorBody.Read(System.Text.Encoding.UTF8.GetBytes(body))!;
}

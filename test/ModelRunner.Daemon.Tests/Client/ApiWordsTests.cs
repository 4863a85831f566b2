using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Daemon.Tests.Client;

/// <summary>The errors of the API in the words of the command line.</summary>
public sealed class ApiWordsTests
{
    [Theory]
    [InlineData("the model \"a\" is loaded (running requests: 1); unload it first, or send force=true", "the model \"a\" is loaded (running requests: 1); unload it first, or add --force")]
    [InlineData("the model has the names a, b; name one of them, or remove all with force=true", "the model has the names a, b; name one of them, or remove all with --force")]
    [InlineData("no runner of model \"a\" has been started; follow=true waits for one", "no runner of model \"a\" has been started; -f waits for one")]
    [InlineData("context_size is 0; send a number of tokens from 1 to 5", "--context-size is 0; write a number of tokens from 1 to 5")]
    [InlineData("the model has both \"context-size\" and the flag --ctx-size; send one of them as null, or reset the model first", "the model has both --context-size and the flag --ctx-size; reset the model first with --reset")]
    [InlineData("runtime-flags: \"--port\" is not allowed; leave it out.", "\"--port\" is not allowed; leave it out.")]
    [InlineData("the name is wrong; send {\"from\": \"x\"}", "the name is wrong")]
    public void An_error_names_options(string message, string sentence)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new { error = new { message } });

        Assert.Equal(sentence, ErrorBody.Read(body)!.Sentence);
    }
}

using ModelRunner.Daemon.Api;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class ShownArgumentsTests
{
    [Theory]
    [InlineData("--model /srv/models/a.gguf --ctx-size 4096", "--model a.gguf --ctx-size 4096")]
    [InlineData("--host /run/user/0/x/r1.sock --metrics", "--host r1.sock --metrics")]
    [InlineData("--api-key s3cret --metrics", "--api-key *** --metrics")]
    [InlineData("--api-key=s3cret --lora=/srv/l.gguf", "--api-key=*** --lora=l.gguf")]
    [InlineData("--hf-token s3cret", "--hf-token ***")]
    [InlineData("HF_TOKEN=s3cret CACHE=/srv/hf a-token=b vllm", "HF_TOKEN=*** CACHE=hf a-token=b vllm")]
    [InlineData("--keep 3 --cache-type-k q8_0", "--keep 3 --cache-type-k q8_0")]
    [InlineData("--api-key --metrics", "--api-key --metrics")]
    [InlineData("--lora-dir /srv/lora/ --root=/", "--lora-dir lora --root=/")]
    [InlineData("--model org/name --json={\"a\":\"b/c\"} --chat-template {{a/b}}</s>", "--model org/name --json={\"a\":\"b/c\"} --chat-template {{a/b}}</s>")]
    public void CLI_08_secrets_and_folders_are_left_out(string arguments, string shown) =>
        Assert.Equal(shown, string.Join(' ', ShownArguments.Of(arguments.Split(' '))));
}

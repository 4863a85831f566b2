using System.Text;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>The response of <c>/slots</c>.</summary>
public sealed class SlotUsageTests
{
    [Fact]
    public void Busy_slots_and_the_tokens_of_all_slots_are_read() => Assert.Equal(
        new SlotUsage(1, 42),
        SlotUsage.Parse("""[{"id":0,"is_processing":true,"n_prompt_tokens":30},{"id":1,"is_processing":false,"n_prompt_tokens":12,"next_token":[{"n_decoded":5}]}]"""u8.ToArray()));

    [Fact]
    public void A_slot_that_was_never_used_has_no_tokens()
    {
        Assert.Equal(new SlotUsage(1, 7), SlotUsage.Parse("""[{"is_processing":true,"n_prompt_tokens":7},{"is_processing":false}]"""u8.ToArray()));
        Assert.Equal(new SlotUsage(0, null), SlotUsage.Parse("""[{"is_processing":false}]"""u8.ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"is_processing":1,"n_prompt_tokens":1}]""")]
    [InlineData("""[{"is_processing":true,"n_prompt_tokens":-1}]""")]
    [InlineData("""[{"is_processing":true,"n_prompt_tokens":1.5}]""")]
    [InlineData("""[{"is_processing":true,"n_prompt_tokens":99999999999}]""")]
    [InlineData("""[{"is_processing":true,"n_prompt_tokens":1}""")]
    public void Another_form_is_not_read(string body) => Assert.Null(SlotUsage.Parse(Encoding.UTF8.GetBytes(body)));
}

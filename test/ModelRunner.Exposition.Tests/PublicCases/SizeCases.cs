using ModelRunner.Exposition.Tests.TextValidation;
using static ModelRunner.Exposition.Tests.PublicCases.CaseFixture;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>Group 7: things that are too long.</summary>
public sealed class SizeCases
{
    [Fact]
    public void SIZ_05_A_long_label_value_costs_its_series_only_and_a_long_model_name_is_kept()
    {
        var model = new string('m', 4_000);
        var body = $"rt:short 1\nrt:long{{k=\"{new string('x', 10_000)}\"}} 2\nrt:longer{{k=\"{new string('x', 20_000)}\"}} 3\n";
        var page = WithHealthy(body, model);
        var families = TextPageValidator.Read(page.Text);

        Assert.Equal(["rt:long", "rt:short", "rt:units_total"], families.Select(family => family.Name));
        Assert.Equal(model, families[0].Samples[0].Label("model"));
        Assert.Equal(1, page.Summaries[0].Dropped(ExpositionErrorReason.LabelValueTooLong));
    }
}

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import institute.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('allocations', '0001_initial'),
        ('jobs', '0001_initial'),
        ('people', '0001_initial'),
        ('tracking', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('kind', models.CharField(choices=[('model', 'model'), ('dataset', 'data set'), ('code', 'code')], max_length=16)),
                ('name', models.CharField(max_length=96, verbose_name='name')),
                ('status', models.CharField(choices=[('active', 'active'), ('disabled', 'disabled'), ('tombstoned', 'removed')], default='active', max_length=16)),
                ('visibility', models.CharField(choices=[('private', 'private'), ('public', 'public')], default='public', max_length=16)),
                ('summary', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('card', models.JSONField(blank=True, default=dict)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('licence', models.CharField(blank=True, max_length=128, verbose_name='licence')),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('namespace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='artifacts', to='people.handle')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='artifacts', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='artifacts', to='allocations.project')),
            ],
        ),
        migrations.CreateModel(
            name='Blob',
            fields=[
                ('sha256', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('git_sha1', models.CharField(db_index=True, max_length=40)),
                ('size', models.BigIntegerField()),
                ('inline', models.BinaryField(null=True)),
                ('location', models.CharField(blank=True, max_length=200)),
                ('status', models.CharField(choices=[('receiving', 'receiving'), ('checking', 'checking'), ('stored', 'stored'), ('quarantined', 'quarantined'), ('doomed', 'to be removed'), ('swept', 'removed')], default='stored', max_length=16)),
                ('is_text', models.BooleanField(default=False)),
                ('header', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='blob_sha256_form'), models.CheckConstraint(condition=models.Q(('git_sha1__regex', '^[0-9a-f]{40}$')), name='blob_git_sha1_form'), models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='blob_size'), models.CheckConstraint(condition=models.Q(('status__in', ['receiving', 'checking', 'stored', 'quarantined', 'doomed', 'swept'])), name='blob_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('inline__isnull', False), ('location', '')), models.Q(('inline__isnull', True), models.Q(('location', ''), _negated=True)), _connector='OR'), name='blob_one_place')],
            },
        ),
        migrations.CreateModel(
            name='Commit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('sha1', models.CharField(max_length=40)),
                ('parents', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('author_name', models.CharField(max_length=200)),
                ('author_email', models.CharField(max_length=254)),
                ('authored_at', models.DateTimeField()),
                ('authored_zone', models.CharField(default='+0000', max_length=5)),
                ('committer_name', models.CharField(max_length=200)),
                ('committer_email', models.CharField(max_length=254)),
                ('committed_at', models.DateTimeField()),
                ('committed_zone', models.CharField(default='+0000', max_length=5)),
                ('message', models.TextField()),
                ('artifact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commits', to='catalog.artifact')),
            ],
        ),
        migrations.CreateModel(
            name='Creator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('orcid', models.CharField(blank=True, max_length=19, verbose_name='ORCID')),
                ('ror', models.CharField(blank=True, max_length=9, verbose_name='ROR')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PathChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=1024)),
                ('change', models.CharField(choices=[('added', 'added'), ('modified', 'changed'), ('deleted', 'removed')], max_length=16)),
                ('commit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='catalog.commit')),
            ],
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('kind', models.CharField(choices=[('article', 'article'), ('preprint', 'preprint'), ('report', 'report'), ('conference', 'conference paper'), ('thesis', 'thesis')], max_length=16, verbose_name='kind')),
                ('title', models.CharField(max_length=300, verbose_name='title')),
                ('abstract', models.TextField(blank=True, max_length=10000, verbose_name='abstract')),
                ('language', models.CharField(default='en', max_length=8, verbose_name='language')),
                ('venue', models.CharField(blank=True, max_length=200, verbose_name='venue')),
                ('published_on', models.DateField(blank=True, null=True, verbose_name='date of the paper')),
                ('arxiv_id', models.CharField(blank=True, max_length=32, verbose_name='arXiv')),
                ('doi', models.CharField(blank=True, max_length=128, verbose_name='DOI')),
                ('status', models.CharField(choices=[('draft', 'draft'), ('in_review', 'in review'), ('published', 'published'), ('corrected', 'corrected'), ('retracted', 'retracted')], default='draft', max_length=16)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('published_by', models.CharField(blank=True, max_length=64)),
                ('pdf', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.blob')),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='publications', to='allocations.project')),
            ],
        ),
        migrations.CreateModel(
            name='Ref',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('name', models.CharField(max_length=255)),
                ('artifact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refs', to='catalog.artifact')),
                ('commit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refs', to='catalog.commit')),
            ],
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('label', models.CharField(max_length=40, verbose_name='label')),
                ('licence', models.CharField(blank=True, max_length=128, verbose_name='licence')),
                ('notes', models.TextField(blank=True, max_length=10000, verbose_name='what changed')),
                ('status', models.CharField(choices=[('candidate', 'candidate'), ('draft', 'draft'), ('in_review', 'in review'), ('published', 'published'), ('withdrawn', 'withdrawn'), ('dropped', 'dropped')], default='draft', max_length=16)),
                ('doi', models.CharField(blank=True, max_length=128)),
                ('n_files', models.IntegerField(default=0)),
                ('n_bytes', models.BigIntegerField(default=0)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('published_by', models.CharField(blank=True, max_length=64)),
                ('artifact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='catalog.artifact')),
                ('commit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='catalog.commit')),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='jobs.job')),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='tracking.run')),
            ],
        ),
        migrations.CreateModel(
            name='PublicationLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('relation', models.CharField(choices=[('introduces', 'introduces'), ('uses', 'uses'), ('evaluates', 'evaluates')], max_length=16)),
                ('status', models.CharField(choices=[('proposed', 'proposed'), ('confirmed', 'confirmed')], default='proposed', max_length=16)),
                ('artifact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='publication_links', to='catalog.artifact')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='catalog.publication')),
                ('revision', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='publication_links', to='catalog.revision')),
            ],
        ),
        migrations.CreateModel(
            name='EvaluationResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('task', models.CharField(blank=True, max_length=200)),
                ('metric', models.CharField(max_length=128)),
                ('value', models.DecimalField(decimal_places=18, max_digits=36)),
                ('stderr', models.DecimalField(blank=True, decimal_places=18, max_digits=36, null=True)),
                ('n', models.BigIntegerField(blank=True, null=True)),
                ('unit', models.CharField(blank=True, max_length=64)),
                ('control', models.DecimalField(blank=True, decimal_places=18, max_digits=36, null=True)),
                ('attestation', models.CharField(choices=[('attested', 'attested run'), ('reported', 'reported by authors'), ('community', 'reported by others')], max_length=16)),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='results', to='tracking.run')),
                ('benchmark', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='benchmarked', to='catalog.revision')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='catalog.revision')),
            ],
        ),
        migrations.CreateModel(
            name='Credit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('position', models.IntegerField()),
                ('role', models.CharField(blank=True, choices=[('conceptualization', 'conceptualisation'), ('data_curation', 'data curation'), ('investigation', 'investigation'), ('methodology', 'methodology'), ('software', 'software'), ('supervision', 'supervision'), ('validation', 'validation'), ('writing', 'writing')], max_length=32)),
                ('affiliation', models.CharField(blank=True, max_length=200, verbose_name='affiliation')),
                ('creator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='catalog.creator')),
                ('publication', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='catalog.publication')),
                ('revision', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='catalog.revision')),
            ],
        ),
        migrations.AddField(
            model_name='artifact',
            name='latest',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.revision'),
        ),
        migrations.CreateModel(
            name='RevisionSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation', models.CharField(choices=[('produced_by', 'produced by'), ('fine_tuned', 'fine-tuned from'), ('warm_started', 'warm-started from'), ('quantized', 'quantised from'), ('merged', 'merged from'), ('adapter', 'adapter of'), ('distilled', 'distilled from'), ('trained_on', 'trained on'), ('evaluated_on', 'evaluated on')], max_length=16)),
                ('role', models.CharField(blank=True, max_length=32)),
                ('basis', models.CharField(choices=[('declared', 'declared by the authors'), ('computed', 'worked out from the job')], max_length=16)),
                ('evidence', models.JSONField(blank=True, default=dict)),
                ('from_revision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='derived', to='catalog.revision')),
                ('from_run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='derived', to='tracking.run')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sources', to='catalog.revision')),
            ],
        ),
        migrations.CreateModel(
            name='Tree',
            fields=[
                ('sha1', models.CharField(max_length=40, primary_key=True, serialize=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('sha1__regex', '^[0-9a-f]{40}$')), name='tree_sha1_form')],
            },
        ),
        migrations.AddField(
            model_name='commit',
            name='tree',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commits', to='catalog.tree'),
        ),
        migrations.CreateModel(
            name='TreeEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('mode', models.CharField(max_length=6)),
                ('sha1', models.CharField(max_length=40)),
                ('size', models.BigIntegerField(null=True)),
                ('blob', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='catalog.blob')),
                ('tree', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='catalog.tree')),
            ],
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=institute.core.ids.new_ulid, editable=False, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('artifact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='catalog.artifact')),
                ('blob', models.ForeignKey(db_column='sha256', on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='catalog.blob')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BlobScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scanner', models.CharField(max_length=32)),
                ('version', models.IntegerField()),
                ('verdict', models.CharField(choices=[('clean', 'clean'), ('unsafe', 'unsafe'), ('unknown', 'unknown'), ('error', 'error')], max_length=16)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('scanned_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='catalog.blob')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('blob', 'scanner', 'version'), name='blob_scan_once'), models.CheckConstraint(condition=models.Q(('verdict__in', ['clean', 'unsafe', 'unknown', 'error'])), name='blob_scan_verdict_known')],
            },
        ),
        migrations.AddConstraint(
            model_name='creator',
            constraint=models.UniqueConstraint(condition=models.Q(('orcid', ''), _negated=True), fields=('orcid',), name='creator_orcid_once'),
        ),
        migrations.AddConstraint(
            model_name='creator',
            constraint=models.UniqueConstraint(condition=models.Q(('ror', ''), _negated=True), fields=('ror',), name='creator_ror_once'),
        ),
        migrations.AddConstraint(
            model_name='creator',
            constraint=models.CheckConstraint(condition=models.Q(('orcid', ''), ('orcid__regex', '^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$'), _connector='OR'), name='creator_orcid_form'),
        ),
        migrations.AddConstraint(
            model_name='creator',
            constraint=models.CheckConstraint(condition=models.Q(('ror', ''), ('ror__regex', '^0[a-z0-9]{6}[0-9]{2}$'), _connector='OR'), name='creator_ror_form'),
        ),
        migrations.AddConstraint(
            model_name='pathchange',
            constraint=models.UniqueConstraint(fields=('commit', 'path'), name='path_change_once'),
        ),
        migrations.AddConstraint(
            model_name='pathchange',
            constraint=models.CheckConstraint(condition=models.Q(('change__in', ['added', 'modified', 'deleted'])), name='path_change_known'),
        ),
        migrations.AddIndex(
            model_name='publication',
            index=models.Index(fields=['status', '-published_at', '-id'], name='publication_newest'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.UniqueConstraint(condition=models.Q(('doi', ''), _negated=True), fields=('doi',), name='publication_doi_once'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.UniqueConstraint(condition=models.Q(('arxiv_id', ''), _negated=True), fields=('arxiv_id',), name='publication_arxiv_once'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['article', 'preprint', 'report', 'conference', 'thesis'])), name='publication_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'in_review', 'published', 'corrected', 'retracted'])), name='publication_status_known'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', False), ('status__in', ('published', 'corrected', 'retracted'))), models.Q(models.Q(('status__in', ('published', 'corrected', 'retracted')), _negated=True), ('published_at__isnull', True)), _connector='OR'), name='publication_published_with_instant'),
        ),
        migrations.AddConstraint(
            model_name='ref',
            constraint=models.UniqueConstraint(fields=('artifact', 'name'), name='ref_once'),
        ),
        migrations.AddConstraint(
            model_name='ref',
            constraint=models.CheckConstraint(condition=models.Q(('name__startswith', 'refs/')), name='ref_form'),
        ),
        migrations.AddIndex(
            model_name='revision',
            index=models.Index(fields=['status', '-id'], name='revision_by_status'),
        ),
        migrations.AddIndex(
            model_name='revision',
            index=models.Index(fields=['artifact', '-published_at'], name='revision_newest'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.UniqueConstraint(fields=('artifact', 'label'), name='revision_label_once'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'dropped'), _negated=True), fields=('job',), name='revision_one_per_job'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['candidate', 'draft', 'in_review', 'published', 'withdrawn', 'dropped'])), name='revision_status_known'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('label', ''), _negated=True), models.Q(('label__contains', '/'), _negated=True)), name='revision_label_form'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', False), ('status__in', ('published', 'withdrawn')), models.Q(('licence', ''), _negated=True)), models.Q(models.Q(('status__in', ('published', 'withdrawn')), _negated=True), ('published_at__isnull', True)), _connector='OR'), name='revision_published_with_instant_and_licence'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.CheckConstraint(condition=models.Q(('run__isnull', True), ('job__isnull', False), _connector='OR'), name='revision_run_only_with_job'),
        ),
        migrations.AddConstraint(
            model_name='publicationlink',
            constraint=models.UniqueConstraint(fields=('publication', 'artifact', 'revision', 'relation'), name='publication_link_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='publicationlink',
            constraint=models.CheckConstraint(condition=models.Q(('relation__in', ['introduces', 'uses', 'evaluates'])), name='publication_link_relation_known'),
        ),
        migrations.AddConstraint(
            model_name='publicationlink',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['proposed', 'confirmed'])), name='publication_link_status_known'),
        ),
        migrations.AddIndex(
            model_name='evaluationresult',
            index=models.Index(fields=['revision', 'id'], name='evaluation_of_revision'),
        ),
        migrations.AddConstraint(
            model_name='evaluationresult',
            constraint=models.CheckConstraint(condition=models.Q(('attestation__in', ['attested', 'reported', 'community'])), name='evaluation_attestation_known'),
        ),
        migrations.AddConstraint(
            model_name='credit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('publication__isnull', False), ('revision__isnull', True)), models.Q(('publication__isnull', True), ('revision__isnull', False)), _connector='OR'), name='credit_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='credit',
            constraint=models.UniqueConstraint(fields=('publication', 'position'), name='credit_publication_position'),
        ),
        migrations.AddConstraint(
            model_name='credit',
            constraint=models.UniqueConstraint(fields=('revision', 'position'), name='credit_revision_position'),
        ),
        migrations.AddIndex(
            model_name='artifact',
            index=models.Index(fields=['kind', '-published_at', '-id'], name='artifact_newest'),
        ),
        migrations.AddIndex(
            model_name='artifact',
            index=django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='artifact_tags'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.UniqueConstraint(models.F('kind'), models.F('namespace'), django.db.models.functions.text.Lower('name'), name='artifact_name_once_any_case'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['model', 'dataset', 'code'])), name='artifact_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['active', 'disabled', 'tombstoned'])), name='artifact_status_known'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('visibility__in', ['private', 'public'])), name='artifact_visibility_known'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9])?$')), name='artifact_name_form'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('project__isnull', True), ('owner__isnull', True), _connector='OR'), name='artifact_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('latest__isnull', True), ('published_at__isnull', True)), models.Q(('latest__isnull', False), ('published_at__isnull', False)), _connector='OR'), name='artifact_latest_with_instant'),
        ),
        migrations.AddConstraint(
            model_name='revisionsource',
            constraint=models.UniqueConstraint(fields=('revision', 'relation', 'role', 'from_revision', 'from_run'), name='revision_source_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='revisionsource',
            constraint=models.CheckConstraint(condition=models.Q(('relation__in', ['produced_by', 'fine_tuned', 'warm_started', 'quantized', 'merged', 'adapter', 'distilled', 'trained_on', 'evaluated_on'])), name='revision_source_relation_known'),
        ),
        migrations.AddConstraint(
            model_name='revisionsource',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['declared', 'computed'])), name='revision_source_basis_known'),
        ),
        migrations.AddConstraint(
            model_name='revisionsource',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_revision__isnull', False), ('from_run__isnull', True)), models.Q(('from_revision__isnull', True), ('from_run__isnull', False)), _connector='OR'), name='revision_source_from_one'),
        ),
        migrations.AddIndex(
            model_name='commit',
            index=models.Index(fields=['artifact', '-id'], name='commit_newest'),
        ),
        migrations.AddConstraint(
            model_name='commit',
            constraint=models.UniqueConstraint(fields=('artifact', 'sha1'), name='commit_once'),
        ),
        migrations.AddConstraint(
            model_name='commit',
            constraint=models.CheckConstraint(condition=models.Q(('sha1__regex', '^[0-9a-f]{40}$')), name='commit_sha1_form'),
        ),
        migrations.AddConstraint(
            model_name='treeentry',
            constraint=models.UniqueConstraint(fields=('tree', 'name'), name='tree_entry_once'),
        ),
        migrations.AddConstraint(
            model_name='treeentry',
            constraint=models.CheckConstraint(condition=models.Q(('sha1__regex', '^[0-9a-f]{40}$')), name='tree_entry_sha1_form'),
        ),
        migrations.AddConstraint(
            model_name='treeentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('blob__isnull', True), ('mode', '40000'), ('size__isnull', True)), models.Q(('blob__isnull', False), ('mode__in', ['100644', '100755']), ('size__isnull', False)), _connector='OR'), name='tree_entry_file_or_folder'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(fields=['user', 'blob', '-expires_at'], name='upload_possession'),
        ),
    ]

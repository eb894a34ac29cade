"""Rules of the hours ledger and of requests that the database holds by itself."""

from django.db import migrations

LEDGER = """
CREATE FUNCTION allocations_check_hours() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  wanted bigint;
  found record;
BEGIN
  IF TG_TABLE_NAME = 'allocations_hoursline' THEN
    wanted := NEW.transaction_id;
  ELSE
    wanted := NEW.id;
  END IF;
  SELECT t.idempotency_key AS key, t.line_count AS promised, count(l.id) AS lines, coalesce(sum(l.quantity), 0) AS total,
         count(*) FILTER (WHERE a.pledge_id <> t.pledge_id) AS foreign_lines
    INTO found
    FROM allocations_hourstransaction t
    LEFT JOIN allocations_hoursline l ON l.transaction_id = t.id
    LEFT JOIN allocations_hoursaccount a ON a.id = l.account_id
   WHERE t.id = wanted
   GROUP BY t.id;
  IF found.lines < 2 OR found.lines <> found.promised THEN
    RAISE EXCEPTION 'hours transaction % has % lines, not %', found.key, found.lines, found.promised
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_transaction_lines';
  END IF;
  IF found.total <> 0 THEN
    RAISE EXCEPTION 'hours transaction % sums to %, not 0', found.key, found.total
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_transaction_sum';
  END IF;
  IF found.foreign_lines > 0 THEN
    RAISE EXCEPTION 'hours transaction % moves hours of another pledge', found.key
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_transaction_pledge';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER hours_transaction_balanced AFTER INSERT ON allocations_hourstransaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allocations_check_hours();
CREATE CONSTRAINT TRIGGER hours_line_balanced AFTER INSERT ON allocations_hoursline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allocations_check_hours();
"""

LEDGER_REVERSE = """
DROP TRIGGER hours_line_balanced ON allocations_hoursline;
DROP TRIGGER hours_transaction_balanced ON allocations_hourstransaction;
DROP FUNCTION allocations_check_hours();
"""

ACCOUNTS = """
CREATE FUNCTION allocations_check_account() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'hours accounts are never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.pledge_id, OLD.source_id, OLD.kind, OLD.floor) IS DISTINCT FROM
       (NEW.pledge_id, NEW.source_id, NEW.kind, NEW.floor) THEN
      RAISE EXCEPTION 'only the balance of an hours account changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.source_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM allocations_allocationsource s WHERE s.id = NEW.source_id AND s.pledge_id = NEW.pledge_id) THEN
    RAISE EXCEPTION 'an hours account belongs to the pledge of its source'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_account_pledge';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER hours_account_rules BEFORE INSERT OR UPDATE OR DELETE ON allocations_hoursaccount
  FOR EACH ROW EXECUTE FUNCTION allocations_check_account();

CREATE FUNCTION allocations_check_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.allocation_id, OLD.pledge_id) IS DISTINCT FROM (NEW.allocation_id, NEW.pledge_id) THEN
    RAISE EXCEPTION 'a source keeps its allocation and its pledge' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER allocation_source_rules BEFORE UPDATE ON allocations_allocationsource
  FOR EACH ROW EXECUTE FUNCTION allocations_check_source();
"""

ACCOUNTS_REVERSE = """
DROP TRIGGER allocation_source_rules ON allocations_allocationsource;
DROP FUNCTION allocations_check_source();
DROP TRIGGER hours_account_rules ON allocations_hoursaccount;
DROP FUNCTION allocations_check_account();
"""

REQUESTS = """
CREATE FUNCTION allocations_check_request_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.submitted_at IS NULL THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a submitted line stays' USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_jsonb(NEW) - ARRAY['amount_recommended', 'amount_awarded']
     IS DISTINCT FROM to_jsonb(OLD) - ARRAY['amount_recommended', 'amount_awarded']
     OR (OLD.amount_recommended IS NOT NULL AND NEW.amount_recommended IS DISTINCT FROM OLD.amount_recommended)
     OR (OLD.amount_awarded IS NOT NULL AND NEW.amount_awarded IS DISTINCT FROM OLD.amount_awarded) THEN
    RAISE EXCEPTION 'a submitted line is frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER request_line_frozen BEFORE UPDATE OR DELETE ON allocations_requestline
  FOR EACH ROW EXECUTE FUNCTION allocations_check_request_line();
"""

REQUESTS_REVERSE = """
DROP TRIGGER request_line_frozen ON allocations_requestline;
DROP FUNCTION allocations_check_request_line();
"""


class Migration(migrations.Migration):
    dependencies = [("allocations", "0001_initial")]

    operations = [
        migrations.RunSQL(LEDGER, LEDGER_REVERSE),
        migrations.RunSQL(ACCOUNTS, ACCOUNTS_REVERSE),
        migrations.RunSQL(REQUESTS, REQUESTS_REVERSE),
    ]

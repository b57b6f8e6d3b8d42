# The records of dev, as published, if a run of main's workflow has signed them; RECORDS= names them
# to the steps that follow. Without them everything is executed.
set -euo pipefail

store="$RUNNER_TEMP/records.zip"
if git fetch -q origin gh-pages &&
  git show FETCH_HEAD:dev/data/records/records.zip > "$store" &&
  gh attestation verify "$store" --repo "$GITHUB_REPOSITORY" --source-ref refs/heads/main \
    --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/site.yml"; then
  echo "RECORDS=$store" >> "$GITHUB_ENV"
else
  echo "no records that are signed; executing"
fi

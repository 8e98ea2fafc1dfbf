-- What a token may do. Those from before keep all they had.
alter table api_token add column scopes json not null default '["*"]';
